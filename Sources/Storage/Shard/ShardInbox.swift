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
        /// The writer is to come out of `sleep`, whether or not messages wait.
        var isCalled = false
        /// The writer is in `sleep`, until as much waits as it said; nothing that came is in its hands.
        var isAsleep = false
    }

    private let state = SleepingMutex(State())
    private let wake = DispatchSemaphore(value: 0)
    private let owed = Atomic(false)

    /// Something has come for a writer that sleeps, while wakes were held. Used from the thread that appends.
    var owesWake: Bool {
        get { owed.load(ordering: .relaxed) }
        set { owed.store(newValue, ordering: .relaxed) }
    }

    /// - Parameter isHeld: the writer is not woken; whoever holds wakes sees to that.
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
            if isHeld { owesWake = true } else { wake.signal() }
        }
        return position
    }

    /// Makes `sleep` return soon: the writer is wanted for something else than messages.
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

    /// Sleeps until something comes, `until` passes, the writer is called or the inbox is closed.
    /// - Parameters:
    ///   - enough: how many entries end the sleep before `until`; one, if there is no `until`.
    ///   - bytes: how many bytes of topics and payloads do.
    /// - Returns: false when the inbox is closed and nothing is left.
    func sleep(until: MonotonicTime?, enough: Int, bytes: Int) -> Bool {
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
                    state.isAsleep = false
                    return !state.closed || waiting > 0
                }
                state.isAsleep = true
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

    /// Swaps `empty` for what has come.
    func take(into empty: inout Mailbox) {
        precondition(empty.entries.isEmpty)
        state.withLock { swap(&empty, &$0.filling) }
    }

    /// Swaps `empty` for what has come, in place of a writer that sleeps on and is woken by the next that comes.
    /// - Returns: how many came; nil if the writer is up, or if it is more than `most` entries or `bytes`.
    func take(into empty: inout Mailbox, atMost most: Int, bytes: Int) -> Int? {
        precondition(empty.entries.isEmpty)
        return state.withLock { state in
            let count = state.filling.entries.count
            guard state.isAsleep, !state.isCalled, !state.closed, count <= most,
                state.filling.content < bytes
            else { return nil }
            swap(&empty, &state.filling)
            state.wakesAt = 1
            return count
        }
    }
}
