internal import CThread
internal import Glibc

/// What the thread that replays asks of the kernel while it does. Where it is refused, the thread is a little later,
/// which its lag shows.
struct ThreadTuning {
    private let slack: Int32
    private var cores: cthread_cores?
    private var schedule: cthread_schedule?

    /// Whether it runs before everything else that wants its core as soon as it is woken.
    var isRealTime: Bool { schedule != nil }

    /// - Parameters:
    ///   - pins: keeps the thread on the core where it is. Threads that it starts meanwhile would be kept there
    ///     too: nothing that works beside it may be started by it.
    ///   - realTime: has it scheduled before all that is not, where the user may ask for that (CAP_SYS_NICE or
    ///     RLIMIT_RTPRIO, sched(7)). Threads that it starts are not. Not for a thread that stays awake: nobody else would
    ///     run on its core.
    init(pins: Bool, realTime: Bool) {
        // By default the kernel wakes a sleeper up to 50 µs late to save power (prctl(2), PR_SET_TIMERSLACK).
        slack = cthread_slack()
        _ = cthread_set_slack(1)
        if pins { pin() }
        if realTime { goFirst() }
    }

    private mutating func goFirst() {
        var before = cthread_schedule()
        guard cthread_read_schedule(&before) == 0 else { return }
        var first = cthread_schedule()
        (first.policy, first.priority) = (UInt32(SCHED_FIFO), Self.lowestPriority)
        first.flags = Self.resetOnFork
        if cthread_set_schedule(&first) == 0 { schedule = before }
    }

    private mutating func pin() {
        var before = cthread_cores()
        let core = Int(cthread_core())
        guard cthread_read_cores(&before) == 0, 0..<Self.mostCores ~= core else { return }
        var one = cthread_cores()
        withUnsafeMutableBytes(of: &one) { $0[core / 8] = 1 << UInt8(core % 8) }
        if cthread_keep_on(&one) == 0 { cores = before }
    }

    func undo() {
        if slack > 0 { _ = cthread_set_slack(slack) }
        if var cores { _ = cthread_keep_on(&cores) }
        if var schedule {
            // Only the privileged may take back that its threads do not inherit.
            schedule.flags |= Self.resetOnFork
            _ = cthread_set_schedule(&schedule)
        }
    }

    /// Of real-time threads: it gives way to those of the kernel.
    private static let lowestPriority: UInt32 = 1
    /// SCHED_FLAG_RESET_ON_FORK (linux/sched.h).
    private static let resetOnFork: UInt64 = 1

    private static let mostCores = MemoryLayout<cthread_cores>.size * 8
}
