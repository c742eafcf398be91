internal import Layout
package import Measure
internal import Layout
internal import Synchronization

/// One shard as an operator sees it, now.
package struct ShardState: Sendable, Equatable {
    /// A generation, with what its column families hold.
    package struct GenerationState: Sendable, Equatable {
        package var span: GenerationSpan
        package var l0Files = 0
        /// SST files of data and trie that are in use.
        package var sst = Bytes.zero
        package var streams = 0
    }

    package var number: Int
    package var generations: [GenerationState] = []
    package var flushes = FlushCounts()
    /// Messages committed since the start.
    package var committed = 0
    /// Bytes that compaction owes, as RocksDB estimates it.
    package var pendingCompaction = Bytes.zero
    package var memtables = Bytes.zero
    package var immutableMemtables = 0
    package var runningFlushes = 0
    package var runningCompactions = 0
    /// RocksDB refuses writes for now.
    package var isStopped = false
    /// Bytes per second that writers may write; zero when nothing slows them down.
    package var delayedWriteRate = Bytes.zero

    package var l0Files: Int { generations.reduce(0) { $0 + $1.l0Files } }
    package var sst: Bytes { generations.reduce(.zero) { $0 + $1.sst } }
    package var streams: Int { generations.reduce(0) { $0 + $1.streams } }
}

extension ShardedStore {
    /// Each shard as it is now, in order.
    package func shardStates() -> [ShardState] {
        all.map { shard in
            func property(_ name: String, _ family: Int? = nil) -> UInt64 {
                shard.database.property(name, family: family) ?? 0
            }
            var state = ShardState(number: shard.number)
            state.generations = shard.generations.map { generation in
                let families = generation.families
                return ShardState.GenerationState(
                    span: GenerationSpan(
                        number: generation.number, since: generation.since, until: generation.until),
                    l0Files: Int(
                        clamping: property("rocksdb.num-files-at-level0", families.data)),
                    sst: Bytes(property("rocksdb.live-sst-files-size", families.data))
                        + Bytes(property("rocksdb.live-sst-files-size", families.trie)),
                    streams: generation.trie.withLock { $0.streamCount })
            }
            state.flushes = shard.flushes.now
            state.committed = shard.committed.load(ordering: .acquiring)
            state.pendingCompaction = Bytes(property("rocksdb.estimate-pending-compaction-bytes"))
            state.memtables = Bytes(property("rocksdb.cur-size-all-mem-tables"))
            state.immutableMemtables = Int(clamping: property("rocksdb.num-immutable-mem-table"))
            // Of the database: every column family gives the same number.
            state.runningFlushes = Int(clamping: property("rocksdb.num-running-flushes", 0))
            state.runningCompactions = Int(clamping: property("rocksdb.num-running-compactions", 0))
            state.isStopped = property("rocksdb.is-write-stopped", 0) > 0
            state.delayedWriteRate = Bytes(property("rocksdb.actual-delayed-write-rate", 0))
            return state
        }
    }
}

extension ShardedStore {
    /// What each shard's writer did since the start, in order.
    package func flushCounts() -> [FlushCounts] { all.map { $0.flushes.now } }

    /// The last batch of some shard was refused; false again once one is committed.
    package var isFailing: Bool { all.contains { $0.flushes.now.isFailing } }
}
