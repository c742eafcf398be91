internal import Dispatch
internal import Synchronization

/// Something that only a shard's writer may do, between two batches, and that somebody waits for.
final class Errand: Sendable {
    enum Kind: Sendable {
        /// A new generation begins, at this time of the wall clock (ms).
        case add(since: UInt64)
        /// These generations are dropped.
        case drop([Int])
    }

    let kind: Kind
    private let outcome = Mutex<GenerationError?>(nil)
    private let done = DispatchSemaphore(value: 0)

    init(_ kind: Kind) { self.kind = kind }

    func finish(_ error: GenerationError?) {
        outcome.withLock { $0 = error }
        done.signal()
    }

    /// Waits until it is done. To be called once.
    func wait() throws(GenerationError) {
        done.wait()
        if let error = outcome.withLock({ $0 }) { throw error }
    }
}

/// A shard's errands that wait.
struct Errands: Sendable {
    private var waiting: [Errand] = []
    private var closed = false

    /// - Returns: false if nobody will run it any more.
    mutating func add(_ errand: Errand) -> Bool {
        if !closed { waiting.append(errand) }
        return !closed
    }

    mutating func take() -> [Errand] {
        defer { waiting = [] }
        return waiting
    }

    mutating func close() -> [Errand] {
        closed = true
        return take()
    }
}
