package import Measure
internal import Synchronization

extension ShardedStore {
    /// What can be read at any moment, summed over the shards unless it says otherwise.
    package struct Gauges: Sendable, Equatable {
        package var committed = 0
        /// Accepted and not yet committed.
        package var depth = 0
        package var l0Files = 0
        package var l0FilesMax = 0
        package var immutableMemtables = 0
        package var pendingCompaction = Bytes.zero
        /// Shards in which RocksDB refuses writes for now.
        package var stoppedShards = 0
        /// Shards whose writes are slowed down for now.
        package var delayedShards = 0
        /// Bytes per second that the slowest of them may write; zero when none is slowed down.
        package var delayedWriteRate = Bytes.zero
        package var memtables = Bytes.zero
        /// Blocks in the block caches, and indexes and filters of open files outside of them.
        package var blockCaches = Bytes.zero
        package var tableReaders = Bytes.zero
        /// Shards with a flush or a compaction that runs or waits.
        package var busyShards = 0
    }

    package func gauges() -> Gauges {
        var gauges = Gauges(depth: state.depth)
        for shard in all {
            func property(_ name: String) -> UInt64 { shard.database.property(name) ?? 0 }
            gauges.committed += shard.committed.load(ordering: .acquiring)
            let l0 = shard.generations.reduce(0) { sum, generation in
                sum
                    + Int(
                        shard.database.property(
                            "rocksdb.num-files-at-level0", family: generation.families.data) ?? 0)
            }
            gauges.l0Files += l0
            gauges.l0FilesMax = max(gauges.l0FilesMax, l0)
            gauges.immutableMemtables += Int(property("rocksdb.num-immutable-mem-table"))
            gauges.pendingCompaction += Bytes(property("rocksdb.estimate-pending-compaction-bytes"))
            gauges.memtables += Bytes(property("rocksdb.cur-size-all-mem-tables"))
            gauges.blockCaches += Bytes(property("rocksdb.block-cache-usage"))
            gauges.tableReaders += Bytes(property("rocksdb.estimate-table-readers-mem"))
            if property("rocksdb.is-write-stopped") > 0 { gauges.stoppedShards += 1 }
            // Of the database: every column family gives the same number.
            let rate = Bytes(
                shard.database.property("rocksdb.actual-delayed-write-rate", family: 0) ?? 0)
            if rate > .zero {
                gauges.delayedShards += 1
                let lowest = gauges.delayedShards == 1 ? rate : gauges.delayedWriteRate
                gauges.delayedWriteRate = min(lowest, rate)
            }
            let work = [
                "rocksdb.mem-table-flush-pending", "rocksdb.compaction-pending",
                "rocksdb.num-running-flushes", "rocksdb.num-running-compactions",
            ]
            if work.contains(where: { property($0) > 0 }) { gauges.busyShards += 1 }
        }
        return gauges
    }

    /// Time that writes waited for flushes or compactions since the start, summed over shards
    /// (ticker `rocksdb.stall.micros`).
    package var stallTime: Nanoseconds {
        .microseconds(engine.ticker("rocksdb.stall.micros") ?? 0)
    }

    /// Syncs of write-ahead logs that the timer of the sync mode `interval` has made.
    package var timedSyncs: Int { state.timedSyncs }
    /// What readers did since the store was opened.
    package var readCounters: ReadCounters { state.polls.counters }

    /// Polls that wait for a commit.
    package var waitingPolls: Int { state.polls.parkedCount }

    /// The most shards that were inside RocksDB at once so far; never more than the engine allows.
    package var mostInsideRocksDB: Int { state.mostInside }

    package var depth: Int { state.depth }
    /// Messages accepted so far and not lost.
    package var accepted: Int {
        all.reduce(depth) { $0 + $1.committed.load(ordering: .relaxed) }
    }
    package var depthMax: Int { state.depthMax }
    package var failure: StoreFailure? { state.firstFailure }

    /// What the shared log did since the start; nil for an engine that has none.
    package var logCounts: LogCounts? { log?.counts }
    /// Bytes that the shared log wrote, its segments and snapshots included: they belong into every
    /// account of what reached the disk. Zero for an engine that has none.
    package var loggedBytes: Bytes { log?.counts.bytesWritten ?? .zero }

    /// From now on, messages whose intended time lies between the two are measured.
    package func measure(from start: MonotonicTime, to end: MonotonicTime) {
        state.measure(from: start, to: end)
    }

    /// What was measured, all shards together: intended time to commit, duration of a flush, and messages
    /// of the window that were committed.
    package func measured() -> Measured {
        var sum = Measured()
        for shard in all {
            shard.measured.withLock {
                sum.durable.add($0.durable)
                sum.split.add($0.split)
                sum.flush.add($0.flush)
                sum.logWait.add($0.logWait)
                sum.stored += $0.stored
                sum.committed += $0.committed
            }
        }
        return sum
    }
}
