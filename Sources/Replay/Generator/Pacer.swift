internal import Glibc
internal import Measure

/// How the replay's thread waits for the next time: it sleeps, and with cores to spare stays awake for the last
/// stretch, on one core.
struct Pacer {
    /// Before a due time, in which it does not sleep; zero: it always does.
    private let stretch: Nanoseconds
    private(set) var spun = Nanoseconds.zero
    /// CPU that the kernel took for putting the thread to sleep and waking it: of some of the times, taken for all.
    private(set) var waking = Nanoseconds.zero
    private var sleeps = 0

    /// The replay's thread, the broker's and two of storage's need one each.
    static var hasCoresToSpare: Bool { cores > 4 }
    /// Something else can run while the replay's thread does.
    static var mayGoFirst: Bool { cores > 1 }
    private static var cores: Int { sysconf(Int32(_SC_NPROCESSORS_ONLN)) }
    /// Longer than a sleeping thread needs to run again on an idle core.
    private static let awake = Nanoseconds.microseconds(100)

    var spins: Bool { stretch > .zero }

    init(spins: Bool) { stretch = spins ? Self.awake : .zero }

    /// Waits a while, at most until `time`.
    /// - Returns: whether it stayed awake.
    mutating func pass(
        until time: MonotonicTime, at now: MonotonicTime, on transport: any Transport
    )
        -> Bool
    {
        guard time - now <= stretch else {
            sleep(until: time + (.zero - stretch), on: transport)
            return false
        }
        return spins
    }

    private mutating func sleep(until time: MonotonicTime, on transport: any Transport) {
        sleeps += 1
        guard sleeps % Self.sampled == 0 else { return transport.wait(until: time) }
        let before = GeneratorCPU.ofThisThread()
        transport.wait(until: time)
        let spent = GeneratorCPU.ofThisThread() - before
        waking = waking + Nanoseconds(spent.count * Int64(Self.sampled))
    }

    /// One in so many sleeps is measured: reading the clock of a thread is a system call.
    private static let sampled = 16

    /// Nothing came of a moment awake.
    mutating func wasted(_ time: Nanoseconds) { spun = spun + time }
}
