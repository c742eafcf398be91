/// The only source of chance in dstune. One root seed per study; every component takes a named
/// branch, so that adding a draw in one place does not shift the draws of another.
///
/// The generator is SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
/// OOPSLA 2014); the branch mixes the name in with FNV-1a.
package struct Seed: Hashable, Codable, Sendable, RandomNumberGenerator {
    private var state: UInt64

    package init(_ root: UInt64) { state = root }

    /// An independent generator for `name`, the same for the same root and name.
    package func branch(_ name: String) -> Seed {
        var hash = state ^ 0x9E37_79B9_7F4A_7C15
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return Seed(hash)
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
