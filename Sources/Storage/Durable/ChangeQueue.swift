internal import Dispatch
internal import Synchronization

/// Changes on their way to the thread that writes them. It takes all that wait at once, so that whoever leaves one
/// never waits, and a slow disk makes batches larger instead of queues longer.
final class ChangeQueue<Change: Sendable>: Sendable {
    private struct State: Sendable {
        var waiting: [Change] = []
        var accepted = 0
        var isStopped = false
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    /// - Returns: how many changes were accepted with this one.
    func append(_ change: Change) -> Int {
        let position = state.withLock { state in
            state.waiting.append(change)
            state.accepted += 1
            return state.accepted
        }
        wake.signal()
        return position
    }

    /// No more will come; what waits is still taken.
    func stop() {
        state.withLock { $0.isStopped = true }
        wake.signal()
    }

    /// Waits for changes.
    /// - Returns: them with the position of the last one; nil when the queue is stopped and empty.
    func take() -> (changes: [Change], position: Int)? {
        while true {
            let (changes, position, isStopped) = state.withLock { state in
                defer { state.waiting = [] }
                return (state.waiting, state.accepted, state.isStopped)
            }
            if !changes.isEmpty { return (changes, position) }
            if isStopped { return nil }
            wake.wait()
        }
    }
}
