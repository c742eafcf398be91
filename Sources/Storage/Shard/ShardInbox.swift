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
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    func append(
        _ submission: Submission, from publisher: Publisher, topic: RawSpan, properties: RawSpan,
        payload: RawSpan
    ) {
        let enough = state.withLock { state in
            state.filling.append(
                submission, from: publisher, topic: topic, properties: properties, payload: payload)
            guard
                state.filling.entries.count >= state.wakesAt
                    || state.filling.content >= state.wakesAtBytes
            else { return false }
            state.wakesAt = .max
            state.wakesAtBytes = .max
            return true
        }
        if enough { wake.signal() }
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

    /// Swaps `empty` for what has come, and sleeps before that until something comes, `until` passes or
    /// the inbox is closed.
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
                if state.closed || due || waiting >= (until == nil ? 1 : enough)
                    || state.filling.content >= bytes
                {
                    state.wakesAt = .max
                    state.wakesAtBytes = .max
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
