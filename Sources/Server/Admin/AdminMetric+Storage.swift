internal import Measure
internal import Storage

extension AdminMetric {
    /// What EMQX calls the store of messages (`durable_storage.messages`).
    private static let database: [(String, String)] = [("db", "messages")]

    private static func labels(_ shard: Int) -> [(String, String)] {
        database + [("shard", "\(shard)")]
    }

    private static func perShard(
        _ name: String, _ kind: Kind, _ help: String,
        _ value: @escaping @Sendable (ShardState) -> Double
    ) -> AdminMetric {
        AdminMetric(name, kind, help) {
            $0.shards.map { Sample(value($0), labels($0.number)) }
        }
    }

    private static func reading(
        _ name: String, _ help: String, _ value: @escaping @Sendable (ReadCounters) -> Int
    ) -> AdminMetric {
        AdminMetric(name, .counter, help) { [Sample(value($0.reads), database)] }
    }

    private static func perLedger(
        _ name: String, _ help: String,
        _ value: @escaping @Sendable (EngineLedger.Entry) -> Double
    ) -> AdminMetric {
        AdminMetric(name, .counter, help) { observation in
            observation.shards.map {
                Sample(
                    value(observation.ledger[$0.number] ?? EngineLedger.Entry()), labels($0.number))
            }
        }
    }

    /// EMQX's names of reference 5.1. Sliding means are gauges here, as EMQX declares them since 6; EMQX 5
    /// calls them counters.
    static let storage: [AdminMetric] = [
        AdminMetric(
            "emqx_ds_store_batch_time", .gauge,
            "Mean time of a batch's commit, microseconds, all shards; absent while nothing is committed."
        ) { observation in
            observation.slides.windows.compactMap { window in
                let batches = window.flushes.reduce(0) { $0 + $1.batches }
                guard batches > 0 else { return nil }
                let time = window.flushes.reduce(Nanoseconds.zero) { $0 + $1.committing }
                return Sample(
                    time.seconds * 1e6 / Double(batches), database + [("interval", window.label)])
            }
        },
        perShard("emqx_ds_buffer_batches", .counter, "Batches that were committed.") {
            Double($0.flushes.batches)
        },
        perShard(
            "emqx_ds_buffer_batches_failed", .counter, "Batches that were refused: they are lost."
        ) { Double($0.flushes.batchesFailed) },
        perShard("emqx_ds_buffer_messages", .counter, "Messages of the committed batches.") {
            Double($0.flushes.messages)
        },
        perShard("emqx_ds_buffer_bytes", .counter, "Topics and payloads of the committed batches.")
        {
            Double($0.flushes.bytes.count)
        },
        slide(
            "emqx_ds_buffer_flush_time",
            "Mean time of a batch's commit, microseconds; absent while nothing is committed."
        ) { $0.meanCommit },
        slide(
            "emqx_ds_buffer_latency",
            "Mean time from a batch's first message to its commit, milliseconds; absent while nothing is committed."
        ) { $0.meanWait },
        reading("emqx_ds_poll_requests", "Polls, all shards.") { $0.pollRequests },
        reading("emqx_ds_poll_requests_fulfilled", "Polls answered with messages, all shards.") {
            $0.pollsFulfilled
        },
        reading("emqx_ds_poll_requests_dropped", "Polls put off because too many wait, all shards.")
        {
            $0.pollsDropped
        },
        reading("emqx_ds_poll_requests_expired", "Polls whose time was over, all shards.") {
            $0.pollsExpired
        },
        AdminMetric("emqx_ds_poll_waitq_len", .gauge, "Polls that wait for a commit, all shards.") {
            [Sample($0.waitingPolls, database)]
        },
        reading("emqx_ds_storage_skipstream_lts_seek", "Iterators moved to a key.") { $0.seeks },
        reading("emqx_ds_storage_skipstream_lts_next", "Iterators moved by one row.") { $0.nexts },
        reading(
            "emqx_ds_storage_skipstream_lts_hash_collision",
            "Messages that the index led to and that are not wanted."
        ) { $0.hashCollisions },
        reading(
            "emqx_ds_storage_skipstream_lts_hit",
            "Messages that the index led to and that are wanted."
        ) { $0.hits },
        reading(
            "emqx_ds_storage_skipstream_lts_miss",
            "Levels of the index that disagreed about the next message."
        ) { $0.misses },
        reading(
            "emqx_ds_storage_skipstream_lts_future",
            "Scans that ended at a message newer than what was committed when they began."
        ) { $0.futures },
        reading(
            "emqx_ds_storage_skipstream_lts_end_of_stream",
            "Scans that ended because there were no more rows."
        ) { $0.endsOfStream },
        AdminMetric(
            "dstune_ds_queue_depth", .gauge,
            "Messages that were accepted and are not yet committed."
        ) { [Sample($0.depth, database)] },
        AdminMetric(
            "dstune_ds_messages_lost_total", .counter,
            "Messages that were accepted and that storage refused."
        ) { [Sample($0.lost, database)] },
        perShard("dstune_ds_generations", .gauge, "Generations that are kept.") {
            Double($0.generations.count)
        },
        perShard("dstune_ds_streams", .gauge, "Streams of all generations.") { Double($0.streams) },
    ]

    private static func slide(
        _ name: String, _ help: String, _ value: @escaping @Sendable (FlushCounts) -> Double?
    ) -> AdminMetric {
        AdminMetric(name, .gauge, help) { observation in
            observation.slides.windows.flatMap { window in
                window.flushes.indices.compactMap { shard in
                    value(window.flushes[shard]).map {
                        Sample($0, labels(shard) + [("interval", window.label)])
                    }
                }
            }
        }
    }

    /// RocksDB below: what no metric of EMQX shows (reference 5.3).
    static let engine: [AdminMetric] = [
        AdminMetric(
            "dstune_stalls_total", .counter,
            "Times that RocksDB began to slow down or stop the writes of a column family, by cause."
        ) { stalls(of: $0) { Double($0.stalls[$1] ?? 0) } },
        AdminMetric(
            "dstune_stalled_seconds_total", .counter,
            "Time that column families spent slowed down or stopped, by cause."
        ) { stalls(of: $0) { $0.stalled[$1]?.seconds ?? 0 } },
        AdminMetric(
            "dstune_write_stall_seconds_total", .counter,
            "Time that writers waited inside RocksDB, all shards (ticker rocksdb.stall.micros)."
        ) { [Sample($0.stallTime.seconds, database)] },
        perShard("dstune_write_stopped", .gauge, "1 while RocksDB refuses writes.") {
            $0.isStopped ? 1 : 0
        },
        perShard(
            "dstune_delayed_write_rate_bytes", .gauge,
            "Bytes per second that writers may write; 0 while nothing slows them down."
        ) { Double($0.delayedWriteRate.count) },
        perShard("dstune_l0_files", .gauge, "Files in level 0, all generations.") {
            Double($0.l0Files)
        },
        perShard(
            "dstune_pending_compaction_bytes", .gauge, "Bytes that compaction owes, estimated."
        ) { Double($0.pendingCompaction.count) },
        perShard("dstune_sst_bytes", .gauge, "SST files in use, all generations.") {
            Double($0.sst.count)
        },
        perShard("dstune_memtable_bytes", .gauge, "Memory of memtables.") {
            Double($0.memtables.count)
        },
        perShard("dstune_immutable_memtables", .gauge, "Memtables that wait for their flush.") {
            Double($0.immutableMemtables)
        },
        perShard("dstune_running_flushes", .gauge, "Flushes that run.") {
            Double($0.runningFlushes)
        },
        perShard("dstune_running_compactions", .gauge, "Compactions that run.") {
            Double($0.runningCompactions)
        },
        perLedger("dstune_flushes_total", "Memtables that became level-0 files.") {
            Double($0.flushes)
        },
        perLedger("dstune_flush_bytes_total", "Bytes of those files.") { Double($0.flushed.count) },
        perLedger("dstune_compactions_total", "Compactions that were installed.") {
            Double($0.compactions)
        },
        perLedger("dstune_compaction_read_bytes_total", "Bytes that compactions read.") {
            Double($0.compactionRead.count)
        },
        perLedger("dstune_compaction_written_bytes_total", "Bytes that compactions wrote.") {
            Double($0.compactionWritten.count)
        },
        perLedger("dstune_background_errors_total", "Background errors of RocksDB.") {
            Double($0.errors)
        },
        AdminMetric(
            "dstune_wal_bytes_total", .counter,
            "Bytes written to write-ahead logs, session tables included (ticker rocksdb.wal.bytes)."
        ) { [Sample(Double($0.walBytes.count))] },
        AdminMetric(
            "dstune_wal_syncs_total", .counter,
            "Syncs of write-ahead logs, session tables included (ticker rocksdb.wal.synced)."
        ) { [Sample($0.walSyncs)] },
        AdminMetric(
            "dstune_shared_log_bytes_total", .counter,
            "Bytes that a log shared by all shards wrote; 0 for engines without one."
        ) { [Sample(Double($0.loggedBytes.count))] },
        AdminMetric("dstune_block_cache_bytes", .gauge, "Blocks in the block caches.") {
            [Sample(Double($0.blockCaches.count))]
        },
        AdminMetric(
            "dstune_table_reader_bytes", .gauge, "Indexes and filters outside of the block caches."
        ) { [Sample(Double($0.tableReaders.count))] },
    ]

    private static func stalls(
        of observation: Observation,
        _ value: (EngineLedger.Entry, EngineLedger.StallKey) -> Double
    ) -> [Sample] {
        observation.shards.flatMap { shard in
            let entry = observation.ledger[shard.number] ?? EngineLedger.Entry()
            return EngineLedger.StallKey.all.map { key in
                Sample(value(entry, key), labels(shard.number) + key.labels)
            }
        }
    }

    static let process: [AdminMetric] = [
        AdminMetric(
            "dstune_memory_allocated_bytes", .gauge,
            "Bytes that the process asked jemalloc for; absent on another allocator."
        ) { $0.memory.allocated.map { [Sample(Double($0.count))] } ?? [] },
        AdminMetric(
            "dstune_memory_resident_bytes", .gauge,
            "Bytes that jemalloc keeps resident; absent on another allocator."
        ) { $0.memory.resident.map { [Sample(Double($0.count))] } ?? [] },
    ]
}
