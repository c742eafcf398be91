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
        package var memtables = Bytes.zero
        /// Shards with a flush or a compaction that runs or waits.
        package var busyShards = 0
    }

    package func gauges() -> Gauges {
        var gauges = Gauges(depth: state.depth)
        for shard in all {
            func property(_ name: String) -> UInt64 { shard.database.property(name) ?? 0 }
            gauges.committed += shard.committed.load(ordering: .acquiring)
            let l0 = Int(
                shard.database.property(
                    "rocksdb.num-files-at-level0", family: EngineModel.Family.data) ?? 0)
            gauges.l0Files += l0
            gauges.l0FilesMax = max(gauges.l0FilesMax, l0)
            gauges.immutableMemtables += Int(property("rocksdb.num-immutable-mem-table"))
            gauges.pendingCompaction += Bytes(property("rocksdb.estimate-pending-compaction-bytes"))
            gauges.memtables += Bytes(property("rocksdb.cur-size-all-mem-tables"))
            if property("rocksdb.is-write-stopped") > 0 { gauges.stoppedShards += 1 }
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

    /// What readers did since the store was opened.
    package var readCounters: ReadCounters { state.polls.counters }

    /// Polls that wait for a commit.
    package var waitingPolls: Int { state.polls.parkedCount }

    package var depth: Int { state.depth }
    package var depthMax: Int { state.depthMax }
    package var failure: StoreFailure? { state.firstFailure }

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
                sum.flush.add($0.flush)
                sum.stored += $0.stored
                sum.committed += $0.committed
            }
        }
        return sum
    }

    /// Options in force after RocksDB's sanitising: of the first shard's database and its data column
    /// family, the latter prefixed "data."; `data.block_cache` is the capacity of its block cache, in bytes.
    package func effectiveOptions() throws(RocksError) -> [String: String] {
        var options = try all[0].database.options(family: nil)
        for (name, value) in try all[0].database.options(family: EngineModel.Family.data) {
            options["data." + name] = value
        }
        options["data.block_cache"] = all[0].database.property(
            "rocksdb.block-cache-capacity", family: EngineModel.Family.data
        ).map { "\($0)" }
        return options
    }

    /// What was asked for and is not what RocksDB runs, one sentence each.
    package func notHonoured() throws(RocksError) -> [String] {
        let effective = try effectiveOptions()
        let asked =
            state.options.databaseOptions
            + state.options.familyOptions.map { (name: "data." + $0.name, value: $0.value) }
        return asked.compactMap { option in
            guard let got = effective[option.name], !option.value.hasPrefix("{"),
                got != option.value
            else { return nil }
            return "\(option.name): asked for \(option.value), RocksDB runs \(got)"
        }
    }
}
