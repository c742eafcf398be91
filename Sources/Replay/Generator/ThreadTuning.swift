internal import CThread

/// What the thread that replays asks of the kernel while it does. Where it is refused, the thread is a little later,
/// which its lag shows.
struct ThreadTuning {
    private let slack: Int32
    private var cores: cthread_cores?

    /// - Parameter pins: keeps the thread on the core where it is. Threads that it starts meanwhile would be kept there
    ///   too: nothing that works beside it may be started by it.
    init(pins: Bool) {
        // By default the kernel wakes a sleeper up to 50 µs late to save power (prctl(2), PR_SET_TIMERSLACK).
        slack = cthread_slack()
        _ = cthread_set_slack(1)
        if pins { pin() }
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
    }

    private static let mostCores = MemoryLayout<cthread_cores>.size * 8
}
