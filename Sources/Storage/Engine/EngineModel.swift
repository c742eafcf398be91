/// How one line of EMQX versions stores messages: data over one implementation, not a fork of it.
package struct EngineModel: Identifiable, Sendable {
    /// When a publisher is told that its message was accepted (see "What an acknowledgement promises").
    package enum Acknowledgement: String, Sendable, Codable {
        /// As soon as the message is in the shard's buffer: what EMQX 5.8 to 6.3 does.
        case onEnqueue = "on_enqueue"
    }

    /// A byte size that the miniature divides, at full scale.
    package struct Size: Sendable {
        package let option: String
        package let fullScale: UInt64
    }

    package let id: String
    /// For the report: which builds behave so.
    package let speaksFor: String
    package let acknowledgement: Acknowledgement
    package let walSync: Bool
    /// Options of each shard's database, as EMQX passes them.
    package let databaseOptions: [(name: String, value: String)]
    /// Column families in the order they are opened; see `Family`.
    package let families: [String]
    /// Sizes that EMQX leaves at RocksDB's default and that a miniature must shrink all the same.
    package let sizes: [Size]
    /// Defaults of that version's block-based tables that the RocksDB linked here has changed.
    package let tableOptions: [(name: String, value: String)]
    /// Block cache of each column family, at full scale.
    package let blockCache: UInt64
    /// Where it departs from EMQX, one sentence each; every report prints them.
    package let departures: [String]
    /// How many shards may be inside RocksDB at once: EMQX's dirty I/O schedulers (+SDio).
    package let concurrentWrites: Int

    /// Index of each column family in `families`.
    package enum Family { package static let `default` = 0, data = 1, trie = 2 }
}

extension EngineModel {
    package static let catalogue: [EngineModel] = [.emqx58Local]

    package static func find(_ id: String) -> EngineModel? { catalogue.first { $0.id == id } }

    /// EMQX 5.8 to 5.10 with `backend = builtin_local` and layout wildcard_optimized_v2.
    ///
    /// Options: what `emqx_ds_storage_layer:rocksdb_open` passes in v5.8.9; column families get empty lists
    /// and so RocksDB's defaults (reference 2.1 and 2.2). Sizes: those defaults, which the miniature divides.
    package static let emqx58Local = EngineModel(
        id: "emqx-5.8-local", speaksFor: "EMQX 5.8 to 5.10 with backend = builtin_local",
        acknowledgement: .onEnqueue, walSync: false,
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
        // 7.7.3, which EMQX 5.8 brings along; 7.8 writes kXXH3.
        tableOptions: [("checksum", "kCRC32c")],
        blockCache: 8 << 20,
        departures: [
            "Measured with the RocksDB named under Environment; EMQX 5.8 to 5.10 vendor 7.7.3.",
            "Debian builds that RocksDB with its assertions on, which EMQX's build has not: every write costs a "
                + "little more CPU here, in all trials alike.",
            "EMQX spends about 57 µs of CPU on each stored message; this broker spends a few. Compaction and "
                + "flushes have more CPU here than in production.",
            "Shards start empty: there are no deeper levels with older data, no generation is dropped, no "
                + "retention runs.",
            "Session state (EMQX: seven small RocksDB tables, committed every 5 s) and the timestamp record "
                + "of each flush are not written.",
            "Sessions, codec and generator share one thread in one process; there are no sockets and no TLS.",
            "A reader keeps its place inside RocksDB for a whole scan of at most 100 messages; EMQX takes it anew "
                + "for each move of an iterator.",
            "Subscriptions of one session that overlap are read in one pass; EMQX reads the stream for each.",
            "Retained messages are not kept and shared subscriptions are refused.",
        ],
        // +SDio 8 in every stock vm.args (reference 2.4).
        concurrentWrites: 8)
}
