internal import Layout
internal import Measure

/// EMQX 5.8 to 5.10, layout wildcard_optimized_v2.
extension EngineModel {
    /// With `backend = builtin_local`.
    ///
    /// Options: what `emqx_ds_storage_layer:rocksdb_open` passes in v5.8.9; column families get empty lists
    /// and so RocksDB's defaults (reference 2.1 and 2.2), which are the knobs' standards.
    package static let emqx58Local = EngineModel(
        id: "emqx-5.8-local", speaksFor: "EMQX 5.8 to 5.10 with backend = builtin_local",
        durability: Durability(acknowledgement: .onEnqueue, sync: .none), log: .wal,
        batching: .writeBuffer, format: RowFormat(),
        // durable_sessions.heartbeat_interval, which is also the commit interval (reference 4.1).
        sessions: .every(.seconds(5)), storesForQoS0: true, reading: ReadModel(),
        writesSerial: false,
        recordsTimestamp: true,
        // Measured on a booted 5.8.9 (reference 8.5).
        cpuPerMessage: .microseconds(57),
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
        familyOptions: [],
        // 7.7.3, which EMQX up to 6.1.0 brings along; 7.8 writes kXXH3.
        tableOptions: [("checksum", "kCRC32c")],
        standards: [:], alsoSearched: [],
        departures: [
            "Measured with the RocksDB named under Environment; EMQX 5.8 to 6.1.0 vendor 7.7.3.",
            "Debian builds that RocksDB with its assertions on, which EMQX's build has not: every write costs a "
                + "little more CPU here, in all trials alike.",
            "Sessions, codec and generator share one thread in one process; there are no sockets and no TLS. "
                + "What EMQX spends more on each stored message is burned beside them.",
            "A reader keeps its place inside RocksDB for a whole scan of at most one batch; EMQX takes it anew for "
                + "each move of an iterator.",
            "Subscriptions of one session that overlap are read in one pass; EMQX reads the stream for each.",
            "Rows of session state are encoded as Erlang terms by our reading of EMQX's sources; their exact "
                + "bytes were not compared.",
            "EMQX 5.10 serves subscriptions at QoS 0 from memory; here, as in 5.8 and 5.9, messages are stored "
                + "for them.",
            "Retained messages are not kept and shared subscriptions are refused.",
        ],
        // +SDio 8 in every stock vm.args (reference 2.4).
        concurrentWrites: 8)

    /// With `backend = builtin_raft`, one site: no RocksDB log, but Ra's (reference 2.5, 3.8).
    package static let emqx58Raft = emqx58Local.with {
        $0.id = "emqx-5.8-raft"
        $0.speaksFor = "EMQX 5.8 to 5.10 with backend = builtin_raft"
        $0.log = .raft(RaftModel())
        // Ra keeps what the timestamp table keeps for the local backend.
        $0.recordsTimestamp = false
        $0.departures += Self.raftDepartures
    }

    static let raftDepartures = [
        "One site is a quorum of one: there are no replicas, elections, ticks or append-entries messages.",
        "Segments are copied by reading the log file back, where Ra copies from memory.",
        "Log entries are of our own encoding, padded to the size measured for EMQX's terms; MQTT 5 "
            + "properties count as on the wire, about half of what EMQX's terms take, and IPv6 peers as IPv4.",
        "A log file's header is 36 bytes and synced by itself; segments have no index of their own.",
        "Generations begin and end outside the log; dropping one forces a release first.",
        "Ra would restart a shard whose apply failed; here the entry waits for the next start.",
    ]
}
