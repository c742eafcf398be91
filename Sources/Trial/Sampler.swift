internal import Dispatch
package import Measure
package import Storage
internal import Synchronization

/// One look at a running trial.
package struct Sample: Sendable {
    package var time: MonotonicTime
    package var store: ShardedStore.Gauges
    package var stall: Nanoseconds
    package var memory: Allocator?
    package var disk: Bytes
}

/// Looks at a store at a fixed interval from a thread of its own, and keeps what it saw.
package final class Sampler: Sendable {
    private struct State {
        var samples: [Sample] = []
        var stopped = false
        var thread: JoinedThread?
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    private let store: ShardedStore
    private let interval: Nanoseconds
    private let directory: String

    /// - Parameter directory: what disk use is counted of.
    package init(of store: ShardedStore, directory: String, every interval: Nanoseconds) {
        self.store = store
        self.directory = directory
        self.interval = interval
    }

    package func start() throws(ThreadError) {
        let thread = try JoinedThread { [self] in
            var due = MonotonicTime.now()
            while !state.withLock({ $0.stopped }) {
                look()
                due = due + interval
                let left = max(0, (due - .now()).count)
                _ = wake.wait(timeout: .now() + .nanoseconds(Int(left)))
            }
        }
        state.withLock { $0.thread = thread }
    }

    /// One more look, now.
    package func look() {
        let sample = Sample(
            time: .now(), store: store.gauges(), stall: store.stallTime, memory: Allocator.read(),
            disk: diskUse(of: directory))
        state.withLock { $0.samples.append(sample) }
    }

    /// Ends the thread and waits for it: a database that is still looked at cannot be closed.
    package func stop() -> [Sample] {
        let thread = state.withLock { state in
            state.stopped = true
            defer { state.thread = nil }
            return state.thread
        }
        wake.signal()
        thread?.join()
        return state.withLock { $0.samples }
    }
}

extension Sample {
    /// The columns of `samples.tsv`, in order: name, and how a sample fills it.
    private static let columns: [(name: String, value: @Sendable (Sample) -> String)] = [
        ("stored", { "\($0.store.committed)" }),
        ("buffer_depth", { "\($0.store.depth)" }),
        ("l0_files_max", { "\($0.store.l0FilesMax)" }),
        ("l0_files", { "\($0.store.l0Files)" }),
        ("immutable_memtables", { "\($0.store.immutableMemtables)" }),
        ("pending_compaction_bytes", { "\($0.store.pendingCompaction.count)" }),
        ("stall_s", { "\($0.stall.seconds)" }),
        ("stopped_shards", { "\($0.store.stoppedShards)" }),
        ("delayed_shards", { "\($0.store.delayedShards)" }),
        ("delayed_write_bytes_per_s", { "\($0.store.delayedWriteRate.count)" }),
        ("memtable_bytes", { "\($0.store.memtables.count)" }),
        ("block_cache_bytes", { "\($0.store.blockCaches.count)" }),
        ("table_reader_bytes", { "\($0.store.tableReaders.count)" }),
        ("allocated_bytes", { "\($0.memory?.allocated.count ?? 0)" }),
        ("active_bytes", { "\($0.memory?.active.count ?? 0)" }),
        ("resident_bytes", { "\($0.memory?.resident.count ?? 0)" }),
        ("disk_bytes", { "\($0.disk.count)" }),
    ]

    /// `samples.tsv`: tab-separated, one line a sample, seconds counted from `origin`.
    package static func table(_ samples: [Sample], from origin: MonotonicTime) -> String {
        var lines = [(["seconds"] + columns.map(\.name)).joined(separator: "\t")]
        for sample in samples {
            let fields = columns.map { $0.value(sample) }
            lines.append((["\((sample.time - origin).seconds)"] + fields).joined(separator: "\t"))
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
