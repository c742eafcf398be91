/// EMQX 6.0.2 and later 6.0, RocksDB 7.7.3: databases share memory and threads in groups, and the
/// memtable size of a database is dropped without a word.
extension Dialect {
    static let v6_0_2 = Dialect(
        id: "6.0.2", title: "EMQX 6.0.2–6.0.x", releases: [ReleaseRange(6, 0, 2...9_999)],
        edition: nil, engines: backends("6.0.2"), storesDatabaseOptions: false,
        sharesDefaultEnv: false,
        keys: v6_0_2Keys)

    static let v6_0_2Keys = v6Grouped(v6_0_0Keys).changing(
        // A database belongs to the group of its own name without being told so.
        ConfigKey.block(
            groupOfMessages,
            [
                ConfigKey("backend", .restart, values: ["builtin_raft", "builtin_local"]),
                ConfigKey("storage_quota", .hot),
                ConfigKey(
                    "write_buffer_size", .restart, turns: "write_buffer_manager",
                    accepts: 1 << 20...largestInt, syntax: .binaryUnits),
                ConfigKey(
                    "rocksdb_nthreads_high", .hot, turns: "background_threads_high",
                    accepts: 1...256),
                ConfigKey(
                    "rocksdb_nthreads_low", .hot, turns: "background_threads_low", accepts: 1...256),
            ])
            + ConfigKey.block(
                "durable_storage.db_groups.*",
                [
                    ConfigKey("backend", .restart, values: ["builtin_raft", "builtin_local"]),
                    ConfigKey("storage_quota", .hot),
                    // Counts MB in steps of 1000, unlike every other size of EMQX.
                    ConfigKey("write_buffer_size", .restart),
                    ConfigKey("rocksdb_nthreads_high", .hot),
                    ConfigKey("rocksdb_nthreads_low", .hot),
                ]))

    static let groupOfMessages = "durable_storage.db_groups.messages"

    /// The binding reads the size of a group as a C `int`: from 2 GiB on, making the group fails
    /// (reference 1.3).
    private static let largestInt: Int64 = (2 << 30) - 1

    /// What belonging to a group does to the keys of each database.
    static func v6Grouped(_ keys: [ConfigKey]) -> [ConfigKey] {
        let size = ".rocksdb.write_buffer_size"
        let databases = keys.filter { $0.path.hasSuffix(size) }.map { $0.path.dropLast(size.count) }
        return keys.changing(
            databases.flatMap { database in
                [
                    ConfigKey(
                        "\(database)\(size)", .restart,
                        .dropped(
                            reason: "since EMQX 6.0.2 the write_buffer_size of a database is "
                                + "accepted and removed unread")),
                    ConfigKey(
                        "\(database).db_group", .restart,
                        .rejected(
                            reason: "db_group names a group that the same file has to declare; "
                                + "without it the node would not boot")),
                ]
            })
    }
}
