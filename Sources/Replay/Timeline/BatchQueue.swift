internal import Dispatch
internal import Synchronization
internal import Traffic

/// Recorded events on their way from the thread that reads them, many at a time.
struct EventBatch {
    var events: [(event: RecordedEvent, packet: Range<Int>)] = []
    /// Of the packets.
    var bytes: [UInt8] = []

    /// Large enough to be handed on.
    var isFull: Bool { bytes.count >= 1 << 20 || events.count >= 1 << 12 }
}

/// Hands batches from one thread to another; who is ahead waits.
final class BatchQueue: Sendable {
    private struct State {
        var batches: [EventBatch] = []
        var isCancelled = false
        var error: CaptureError?
    }

    /// Batches that may wait: a dozen megabytes of ordinary packets, and no more than this many of the largest.
    private static let capacity = 8

    private let state = Mutex(State())
    private let filled = DispatchSemaphore(value: 0)
    private let free = DispatchSemaphore(value: 0)

    init() {
        // Counted up, because a semaphore must not end below what it began with.
        for _ in 0..<Self.capacity { free.signal() }
    }

    /// Waits while the queue is full. Once it is cancelled, nothing is put any more and nobody waits.
    func put(_ batch: consuming EventBatch) {
        free.wait()
        let batch = batch
        let isCancelled = state.withLock { state in
            if !state.isCancelled { state.batches.append(batch) }
            return state.isCancelled
        }
        if isCancelled { free.signal() } else { filled.signal() }
    }

    /// Nothing comes any more.
    func finish(_ error: CaptureError? = nil) {
        state.withLock { $0.error = error }
        filled.signal()
    }

    /// Waits for the next batch.
    /// - Returns: nil at the end.
    /// - Throws: why there is no more.
    func take() throws(CaptureError) -> EventBatch? {
        filled.wait()
        let (batch, error) = state.withLock { state in
            state.batches.isEmpty
                ? (nil, state.error) : (state.batches.removeFirst(), CaptureError?.none)
        }
        if let error {
            filled.signal()
            throw error
        }
        // The end stays the end.
        if batch == nil { filled.signal() } else { free.signal() }
        return batch
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Nobody takes any more: who puts is not to wait for it.
    func cancel() {
        state.withLock { $0.isCancelled = true }
        free.signal()
    }
}
