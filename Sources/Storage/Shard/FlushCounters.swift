package import Measure
internal import Synchronization

/// What the writer of a shard did since the store was opened: EMQX's `emqx_ds_buffer_*` (reference 5.1).
package struct FlushCounts: Sendable, Equatable {
    /// Batches that were committed.
    package var batches = 0
    /// Batches that RocksDB or the shared log refused: their messages are lost.
    package var batchesFailed = 0
    /// Messages of the committed batches.
    package var messages = 0
    /// Topics and payloads of those messages, as EMQX counts them.
    package var bytes = Bytes.zero
    /// Time that the commits took together.
    package var committing = Nanoseconds.zero
    /// Time from the acceptance of each batch's first message to its commit, together.
    package var waiting = Nanoseconds.zero
    /// The last batch was refused.
    package var isFailing = false

    package init() {}
}

/// `FlushCounts` that the writer counts in and others read; once a batch, never once a message.
final class FlushCounters: Sendable {
    private let counts = Mutex(FlushCounts())

    var isFailing: Bool { counts.withLock { $0.isFailing } }

    func committed(_ messages: Int, bytes: Int, took: Nanoseconds, waited: Nanoseconds) {
        counts.withLock {
            $0.batches += 1
            $0.messages += messages
            $0.bytes += Bytes(UInt64(clamping: bytes))
            $0.committing = $0.committing + took
            $0.waiting = $0.waiting + waited
            $0.isFailing = false
        }
    }

    func failed() {
        counts.withLock {
            $0.batchesFailed += 1
            $0.isFailing = true
        }
    }

    var now: FlushCounts { counts.withLock { $0 } }
}
