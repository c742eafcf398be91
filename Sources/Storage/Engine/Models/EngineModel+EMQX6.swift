internal import Layout
internal import Measure

/// EMQX 6, layout wildcard_optimized: another batching, longer keys, ASN.1 values (reference 2.1, 2.6, 3.9).
extension EngineModel {
    /// 6.0.0 and 6.0.1 with `backend = builtin_local`: a bound on all memtables of a shard.
    package static let emqx60Local = emqx58Local.with {
        $0.id = "emqx-6.0-local"
        $0.speaksFor = "EMQX 6.0.0 and 6.0.1 with backend = builtin_local"
        $0.batching = .transaction
        $0.format = RowFormat(values: .asn1, keys: .skipstreamV2)
        $0.families = [
            "default", "emqx_ds_storage_skipstream_lts_v2_data1",
            "emqx_ds_storage_skipstream_lts_v2_trie1",
        ]
        // Of the schema's hidden subscriptions (reference 1.3): n_workers_per_shard and batch_size.
        $0.reading = ReadModel(workersPerShard: 10, batch: 1_000)
        $0.storesForQoS0 = false
        $0.writesSerial = true
        $0.recordsTimestamp = false
        // rocksdb.write_buffer_size of the schema (reference 1.3), passed as db_write_buffer_size.
        $0.standards = ["db_write_buffer_size": 10 << 20]
        $0.alsoSearched = ["db_write_buffer_size"]
        $0.departures.removeAll { $0.hasPrefix("EMQX 5.10") }
        $0.departures += [
            "The index rows of EMQX 6 and its keys with varying levels were read in its sources; only keys "
                + "without varying levels were measured.",
            "EMQX 6 keeps session state in databases of its own kind with 16 shards each; here it goes to "
                + "the seven tables of EMQX 5.8.",
        ]
    }

    package static let emqx60Raft = emqx60Local.with {
        $0.id = "emqx-6.0-raft"
        $0.speaksFor = "EMQX 6.0.0 and 6.0.1 with backend = builtin_raft"
        $0.overRaft()
    }

    /// 6.0.2 to 6.1.0: one bound on the memtables of all shards of a group, and pools of the size of the
    /// dirty I/O schedulers.
    package static let emqx602Local = emqx60Local.with {
        $0.id = "emqx-6.0.2-local"
        $0.speaksFor = "EMQX 6.0.2 to 6.1.0 with backend = builtin_local"
        $0.standards = [
            "write_buffer_manager": 256 << 20, "background_threads_high": 8,
            "background_threads_low": 8,
        ]
        $0.alsoSearched = [
            "write_buffer_manager", "background_threads_high", "background_threads_low",
        ]
    }

    package static let emqx602Raft = emqx602Local.with {
        $0.id = "emqx-6.0.2-raft"
        $0.speaksFor = "EMQX 6.0.2 to 6.1.0 with backend = builtin_raft"
        $0.overRaft()
    }

    /// 6.1.1 and later, which bring RocksDB 9.10: its defaults as far as 7.8 can express them, and files
    /// that are not preallocated.
    package static let emqx611Local = emqx602Local.with {
        $0.id = "emqx-6.1.1-local"
        $0.speaksFor = "EMQX 6.1.1 and later with backend = builtin_local"
        // durable_sessions.checkpoint_interval since 6.1.0 (reference 1.1).
        $0.sessions = .every(.seconds(15))
        $0.tableOptions = [("checksum", "kXXH3")]
        $0.standards.merge([
            "allow_fallocate": 0, "level_compaction_dynamic_level_bytes": 1,
            "block_cache": 32 << 20,
            "compaction_readahead_size": 2 << 20,
        ]) { $1 }
        $0.departures = $0.departures.map { sentence in
            sentence.hasPrefix("Measured with the RocksDB")
                ? "Measured with the RocksDB named under Environment, set to the defaults of 9.10, which EMQX "
                    + "6.1.1 brings along; tables of its format version 6 are not known there and are of 5."
                : sentence
        }
    }

    package static let emqx611Raft = emqx611Local.with {
        $0.id = "emqx-6.1.1-raft"
        $0.speaksFor = "EMQX 6.1.1 and later with backend = builtin_raft"
        $0.overRaft()
    }

    private mutating func overRaft() {
        log = .raft(RaftModel())
        // The second write of a flush is the local backend's (reference 2.5).
        writesSerial = false
        departures += Self.raftDepartures
    }
}
