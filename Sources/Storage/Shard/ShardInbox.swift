internal import Dispatch
internal import Measure
internal import Synchronization

/// Where sessions leave messages for a shard's writer, as EMQX's buffer process has a mailbox: it has no
/// bound, so a publisher is never held back; `Store.depth` says how much waits.
final class ShardInbox: Sendable {
    private struct State: Sendable {
        var filling = Mailbox()
        /// The writer sleeps until this many entries wait, or entries with so many bytes of topics and
        /// payloads.
        var wakesAt = Int.max
        var wakesAtBytes = Int.max
        var closed = false
        /// Messages accepted so far.
        var accepted = 0
        /// The writer is to come out of `take`, whether or not messages wait.
        var isCalled = false
    }

    private let state = SleepingMutex(State())
    private let wake = DispatchSemaphore(value: 0)
    /// The writer is to be woken by `release`.
    private let owesWake = Atomic(false)

    /// - Parameter isHeld: the writer is woken by `release` and not before.
    /// - Returns: how many messages were accepted with this one.
    func append(
        _ submission: Submission, from publisher: Publisher, topic: RawSpan, properties: RawSpan,
        payload: RawSpan, isHeld: Bool = false
    ) -> Int {
        let accepted = MonotonicTime.now()
        let (position, enough) = state.withLock { state in
            state.accepted += 1
            state.filling.append(
                submission, at: accepted, from: publisher, topic: topic, properties: properties,
                payload: payload)
            guard
                state.filling.entries.count >= state.wakesAt
                    || state.filling.content >= state.wakesAtBytes
            else { return (state.accepted, false) }
            state.wakesAt = .max
            state.wakesAtBytes = .max
            return (state.accepted, true)
        }
        if enough {
            if isHeld { owesWake.store(true, ordering: .relaxed) } else { wake.signal() }
        }
        return position
    }

    /// Wakes the writer if something has come for it while wakes were held. From the thread that appends.
    func release() {
        guard owesWake.load(ordering: .relaxed) else { return }
        owesWake.store(false, ordering: .relaxed)
        wake.signal()
    }

    /// Makes `take` return soon: the writer is wanted for something else than messages.
    func call() {
        state.withLock {
            $0.isCalled = true
            $0.wakesAt = .max
        }
        wake.signal()
    }

    /// No more will come. The writer finishes what is there.
    func close() {
        state.withLock {
            $0.closed = true
            $0.wakesAt = .max
            $0.wakesAtBytes = .max
        }
        wake.signal()
    }

    /// Swaps `empty` for what has come, and sleeps before that until something comes, `until` passes, the
    /// writer is called or the inbox is closed.
    /// - Parameters:
    ///   - enough: how many entries end the sleep before `until`; one, if there is no `until`.
    ///   - bytes: how many bytes of topics and payloads do.
    /// - Returns: false when the inbox is closed and nothing is left.
    func take(into empty: inout Mailbox, until: MonotonicTime?, enough: Int, bytes: Int) -> Bool {
        precondition(empty.entries.isEmpty)
        while true {
            let open: Bool? = state.withLock { state in
                let waiting = state.filling.entries.count
                let due = until.map { MonotonicTime.now() >= $0 } ?? false
                if state.closed || state.isCalled || due || waiting >= (until == nil ? 1 : enough)
                    || state.filling.content >= bytes
                {
                    state.wakesAt = .max
                    state.wakesAtBytes = .max
                    state.isCalled = false
                    swap(&empty, &state.filling)
                    return !state.closed || waiting > 0
                }
                state.wakesAt = until == nil ? 1 : enough
                state.wakesAtBytes = bytes
                return nil
            }
            if let open { return open }
            guard let until else {
                wake.wait()
                continue
            }
            let left = (until - .now()).count
            if left > 0 { _ = wake.wait(timeout: .now() + .nanoseconds(Int(left))) }
        }
    }
}
