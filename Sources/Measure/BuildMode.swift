/// Whether this program was built with optimisation. Figures of a debug build say nothing: its codec
/// alone is some forty times slower.
package let isOptimisedBuild: Bool = {
    var optimised = true
    // The condition of an assert is only evaluated in a debug build.
    assert(
        {
            optimised = false
            return true
        }())
    return optimised
}()
