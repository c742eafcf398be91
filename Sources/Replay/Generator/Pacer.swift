internal import Glibc
internal import Measure

/// How the replay's thread waits for the next time: it sleeps, and with cores to spare stays awake for the last
/// stretch, on one core.
struct Pacer {
    /// Before a due time, in which it does not sleep; zero: it always does.
    private let stretch: Nanoseconds
    private(set) var spun = Nanoseconds.zero

    /// The replay's thread, the broker's and two of storage's need one each.
    static var hasCoresToSpare: Bool { sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 4 }
    /// Longer than a sleeping thread needs to run again on an idle core.
    private static let awake = Nanoseconds.microseconds(100)

    init(spins: Bool) { stretch = spins ? Self.awake : .zero }

    /// Waits a while, at most until `time`.
    /// - Returns: whether it stayed awake.
    mutating func pass(
        until time: MonotonicTime, at now: MonotonicTime, on transport: any Transport
    )
        -> Bool
    {
        guard time - now <= stretch else {
            transport.wait(until: time + (.zero - stretch))
            return false
        }
        return true
    }

    /// Nothing came of a moment awake.
    mutating func wasted(_ time: Nanoseconds) { spun = spun + time }
}
