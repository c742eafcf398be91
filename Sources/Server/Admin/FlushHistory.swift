internal import Measure
internal import Storage
internal import Synchronization

/// Means over the last time, as EMQX's slides: label `interval` is `current` (2 s) or `last5m` (reference 5.1).
struct Slides: Sendable {
    /// One window's growth of each shard's counts.
    struct Window: Sendable {
        var label: String
        var flushes: [FlushCounts]
    }

    var windows: [Window] = []
}

/// Each shard's counts, second by second, over the last five minutes.
final class FlushHistory: Sendable {
    private struct Entry {
        let time: MonotonicTime
        let counts: [FlushCounts]
    }

    /// Of `emqx_ds_buffer_*` and the like (reference 5.1).
    private static let windows: [(label: String, length: Nanoseconds)] = [
        ("current", .seconds(2)), ("last5m", .seconds(300)),
    ]
    /// One a second.
    private static let capacity = 301

    private let entries = Mutex<[Entry]>([])

    func note(_ time: MonotonicTime, _ counts: [FlushCounts]) {
        entries.withLock { entries in
            if entries.count == Self.capacity { entries.removeFirst() }
            entries.append(Entry(time: time, counts: counts))
        }
    }

    /// The growth since the beginning of each window, or since the start where that is later.
    func slides(_ now: MonotonicTime, _ counts: [FlushCounts]) -> Slides {
        entries.withLock { entries in
            Slides(
                windows: Self.windows.map { label, length in
                    let before =
                        entries.last { length <= now - $0.time }
                        ?? entries.first {
                            $0.time <= now
                        }
                    return Slides.Window(
                        label: label,
                        flushes: counts.indices.map { shard in
                            counts[shard] - (before?.counts[shard] ?? FlushCounts())
                        })
                })
        }
    }
}

extension FlushCounts {
    fileprivate static func - (a: FlushCounts, b: FlushCounts) -> FlushCounts {
        var difference = FlushCounts()
        difference.batches = a.batches - b.batches
        difference.batchesFailed = a.batchesFailed - b.batchesFailed
        difference.messages = a.messages - b.messages
        difference.bytes = Bytes(a.bytes.count - b.bytes.count)
        difference.committing = a.committing - b.committing
        difference.waiting = a.waiting - b.waiting
        return difference
    }

    /// Microseconds that a commit took in the mean; nil without one.
    var meanCommit: Double? {
        batches == 0 ? nil : committing.seconds * 1e6 / Double(batches)
    }

    /// Milliseconds from the acceptance of a batch's first message to its commit, in the mean; nil without one.
    var meanWait: Double? { batches == 0 ? nil : waiting.seconds * 1e3 / Double(batches) }
}
