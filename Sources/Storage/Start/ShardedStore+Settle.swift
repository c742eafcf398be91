internal import Glibc
package import Measure

extension ShardedStore {
    /// Writes all memtables to level 0. What waits in the buffers is not waited for.
    /// - Throws: RocksDB's refusal of the first shard that cannot.
    package func flushMemtables() throws(RocksError) {
        for shard in all { try shard.database.flush() }
    }

    /// Waits until nothing waits to be committed and no flush or compaction runs or is due, or the bound.
    /// - Returns: how long it took; `done` is false at the bound.
    package func rest(within bound: Nanoseconds) -> (took: Nanoseconds, done: Bool) {
        let began = MonotonicTime.now()
        while depth > 0 || gauges().busyShards > 0 {
            if failure != nil || MonotonicTime.now() - began >= bound {
                return (.now() - began, false)
            }
            usleep(Self.restPoll)
        }
        return (.now() - began, true)
    }

    /// Microseconds between two looks: a compaction of a miniature takes a few milliseconds.
    private static let restPoll: UInt32 = 2_000

    /// Files of the data column families by level, all shards together, without the empty levels at the end.
    package var filesByLevel: [Int] {
        var files: [Int] = []
        var level = 0
        while let first = all[0].database.property(
            "rocksdb.num-files-at-level\(level)", family: EngineModel.Family.data)
        {
            let others = all.dropFirst().compactMap {
                $0.database.property(
                    "rocksdb.num-files-at-level\(level)", family: EngineModel.Family.data)
            }
            files.append(Int(others.reduce(first, +)))
            level += 1
        }
        while files.last == 0 { files.removeLast() }
        return files
    }

    /// Bytes of each shard's live tables, all column families.
    package var tableBytesByShard: [UInt64] {
        all.map { $0.database.property("rocksdb.live-sst-files-size") ?? 0 }
    }
}
