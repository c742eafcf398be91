internal import Dispatch
internal import Synchronization

/// Work that one thread does for others, in order.
final class WorkQueue<Item: Sendable>: Sendable {
    private struct State: Sendable {
        var items: [Item] = []
        var closed = false
    }

    private let state = Mutex(State())
    private let arrived = DispatchSemaphore(value: 0)

    func append(_ item: Item) {
        state.withLock { $0.items.append(item) }
        arrived.signal()
    }

    /// No more will come; what is there is still taken.
    func close() {
        state.withLock { $0.closed = true }
        arrived.signal()
    }

    /// Waits for the next item; nil when the queue is closed and empty.
    func take() -> Item? {
        while true {
            let next: Item?? = state.withLock { state in
                if !state.items.isEmpty { return .some(state.items.removeFirst()) }
                return state.closed ? .some(nil) : nil
            }
            if let next { return next }
            arrived.wait()
        }
    }

    /// Sleeps for so long or until the queue is closed.
    /// - Returns: whether it is still open.
    func pause(seconds: Double) -> Bool {
        guard !state.withLock({ $0.closed }) else { return false }
        _ = arrived.wait(timeout: .now() + seconds)
        return !state.withLock { $0.closed }
    }
}
