internal import Dispatch
internal import Synchronization
internal import Traffic

/// What was heard and is not written yet. The event loop puts in and never waits; one thread takes out. When
/// too much waits, the loop is told to hear no more until it is written: so memory is bounded, and a slow disk
/// slows clients down instead of being hidden.
final class Intake: Sendable {
    struct Entry: Sendable {
        enum Kind: Sendable {
            case opened(client: Endpoint, broker: Endpoint)
            /// As many of the batch's bytes as follow those before.
            case received(Direction, count: Int)
            case closed(Ending)
        }

        let connection: Int
        /// Nanoseconds since the epoch.
        let time: Int64
        let kind: Kind
    }

    struct Batch: Sendable {
        var entries: [Entry] = []
        var bytes: [UInt8] = []
        var isLast = false
    }

    /// Bytes and entries that may wait.
    static let limit = (bytes: 16 << 20, entries: 1 << 18)

    private let waiting = Mutex(Batch())
    private let isThere = DispatchSemaphore(value: 0)

    /// - Returns: whether too much waits.
    func add(_ entry: Entry, _ bytes: RawSpan? = nil) -> Bool {
        let (isFirst, isFull) = waiting.withLock { batch in
            let isFirst = batch.entries.isEmpty
            batch.entries.append(entry)
            if let bytes { bytes.withUnsafeBytes { batch.bytes.append(contentsOf: $0) } }
            return (isFirst, Self.isTooMuch(batch))
        }
        if isFirst { isThere.signal() }
        return isFull
    }

    /// Nothing comes after this.
    func end() {
        waiting.withLock { $0.isLast = true }
        isThere.signal()
    }

    /// Takes what waits; what comes next goes into `spare`.
    /// - Parameter timeout: how long something is waited for, milliseconds.
    /// - Returns: the batch, and whether the loop was told that it is too much.
    func take(_ spare: consuming Batch, timeout: Int) -> (Batch, wasFull: Bool) {
        _ = isThere.wait(timeout: .now() + .milliseconds(timeout))
        let empty = spare
        return waiting.withLock { batch in
            var taken = empty
            swap(&taken, &batch)
            return (taken, Self.isTooMuch(taken))
        }
    }

    private static func isTooMuch(_ batch: Batch) -> Bool {
        batch.bytes.count >= limit.bytes || batch.entries.count >= limit.entries
    }
}
