package import Knobs
internal import Layout
internal import Measure

extension EngineModel {
    package static let catalogue: [EngineModel] = [.emqx58Local]

    package static func find(_ id: String) -> EngineModel? { catalogue.first { $0.id == id } }

    /// What the engine runs with when nothing is set.
    package var standardSetting: Setting { Setting(standards) }

    /// EMQX 5.8 to 5.10 with `backend = builtin_local` and layout wildcard_optimized_v2.
    ///
    /// Options: what `emqx_ds_storage_layer:rocksdb_open` passes in v5.8.9; column families get empty lists
    /// and so RocksDB's defaults (reference 2.1 and 2.2). Sizes: those defaults, which the miniature divides.
    package static let emqx58Local = EngineModel(
        id: "emqx-5.8-local", speaksFor: "EMQX 5.8 to 5.10 with backend = builtin_local",
        durability: Durability(acknowledgement: .onEnqueue, sync: .none), log: .wal,
        batching: .writeBuffer, format: RowFormat(), sessions: .every(.seconds(5)), writesSerial: false,
        recordsTimestamp: true, cpuPerMessage: .microseconds(57),
        databaseOptions: [
            ("create_if_missing", "true"), ("create_missing_column_families", "true"),
            ("keep_log_file_num", "10"), ("max_log_file_size", "1048576"), ("atomic_flush", "true"),
            ("enable_write_thread_adaptive_yield", "false"), ("max_open_files", "-1"),
            // A default that RocksDB's header takes from how its user is compiled: DEBUG_LEVEL in a debug build.
            ("info_log_level", "INFO_LEVEL"),
        ],
        families: [
            "default", "emqx_ds_storage_skipstream_lts_data1",
            "emqx_ds_storage_skipstream_lts_trie1",
        ],
        sizes: [
            Size(option: "target_file_size_base", fullScale: 64 << 20),
            Size(option: "max_bytes_for_level_base", fullScale: 256 << 20),
            Size(option: "soft_pending_compaction_bytes_limit", fullScale: 64 << 30),
            Size(option: "hard_pending_compaction_bytes_limit", fullScale: 256 << 30),
        ],
        familyOptions: [],
        // 7.7.3, which EMQX 5.8 brings along; 7.8 writes kXXH3.
        tableOptions: [("checksum", "kCRC32c")],
        blockCache: 8 << 20,
        standards: [:],
        departures: [
            "Measured with the RocksDB named under Environment; EMQX 5.8 to 5.10 vendor 7.7.3.",
            "Debian builds that RocksDB with its assertions on, which EMQX's build has not: every write costs a "
                + "little more CPU here, in all trials alike.",
            "EMQX spends about 57 µs of CPU on each stored message; this broker spends a few. Compaction and "
                + "flushes have more CPU here than in production.",
            "A trial has one generation: none is dropped, and no retention runs.",
            "Session state (EMQX: seven small RocksDB tables, committed every 5 s) and the timestamp record "
                + "of each flush are not written.",
            "Sessions, codec and generator share one thread in one process; there are no sockets and no TLS.",
            "One thread reads for durable sessions and scans whole streams; EMQX has five workers a shard and "
                + "joins on its index.",
            "Retained messages are not kept and shared subscriptions are refused.",
        ],
        // +SDio 8 in every stock vm.args (reference 2.4).
        concurrentWrites: 8)
}
