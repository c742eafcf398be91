/// EMQX 6.0.0 and 6.0.1, RocksDB 7.7.3: a new storage, with several databases. The write buffer of
/// 5.x is gone and its keys are rejected; a `rocksdb` block exists for the first time.
extension Dialect {
    static let v6_0_0 = Dialect(
        id: "6.0.0", title: "EMQX 6.0.0–6.0.1", releases: [ReleaseRange(6, 0, 0...1)], edition: nil,
        engines: backends("6.0"), storesDatabaseOptions: false, sharesDefaultEnv: true,
        keys: v6_0_0Keys)

    static let v6_0_0Keys: [ConfigKey] =
        ConfigKey.block(
            "durable_sessions",
            [
                ConfigKey("enable", .restart),
                ConfigKey("batch_size", .hot),
                ConfigKey("subscription_count_refresh_interval", .hot),
                ConfigKey("disconnected_session_count_refresh_interval", .hot),
                ConfigKey("message_retention_period", .hot),
                ConfigKey("force_persistence", .hot),
                ConfigKey("checkpoint_interval", .hot),
                ConfigKey("commit_timeout", .hot),
                ConfigKey("commit_retry_interval", .hot),
                ConfigKey("commit_retries", .hot),
                // A dozen intervals that nothing here speaks about.
                ConfigKey("shared_subs.*", .hot),
            ]
                + [
                    "idle_poll_interval", "heartbeat_interval", "renew_streams_interval",
                    "session_gc_interval", "session_gc_batch_size",
                ].map {
                    ConfigKey(
                        $0, .hot, .dropped(reason: "EMQX 6.0.0 dropped \($0); the value is removed")
                    )
                })
        + [ConfigKey("durable_storage.n_sites", .newDatabaseOnly)]
        + ["messages", "sessions", "timers", "shared_subs", "mq_states", "mq_messages"].flatMap {
            v6Database($0)
        }
        + ConfigKey.block(
            "durable_storage.messages.layout",
            [
                ConfigKey("type", .newDatabaseOnly, values: ["wildcard_optimized"]),
                ConfigKey("bytes_per_topic_level", .newDatabaseOnly),
                ConfigKey("topic_index_bytes", .newDatabaseOnly),
                ConfigKey("timestamp_bytes", .newDatabaseOnly),
                ConfigKey("wildcard_thresholds", .newDatabaseOnly),
            ])

    static func v6Database(_ name: String) -> [ConfigKey] {
        ConfigKey.block(
            "durable_storage.\(name)",
            [
                ConfigKey("backend", .newDatabaseOnly, values: ["builtin_raft", "builtin_local"]),
                ConfigKey("data_dir", .restart),
                ConfigKey("n_shards", .newDatabaseOnly),
                ConfigKey("replication_factor", .newDatabaseOnly),
                ConfigKey("replication_options.*", .newDatabaseOnly),
                ConfigKey("max_retries", .restart),
                ConfigKey("retry_interval", .restart),
                ConfigKey(
                    "rocksdb.cache_size", .restart,
                    .ignored(
                        reason: "EMQX hands cache_size to a RocksDB binding that has no such option"
                    )),
                ConfigKey(
                    "rocksdb.write_buffer_size", .restart,
                    anotherMeaning: "in EMQX 6.0.0 and 6.0.1 write_buffer_size is the total of all "
                        + "memtables of a shard, not the size of one",
                    turns: name == "messages" ? "db_write_buffer_size" : nil,
                    accepts: 1...largestUnsigned),
                ConfigKey("rocksdb.max_open_files", .restart, accepts: 1...Int64(Int32.max)),
                ConfigKey("subscriptions.batch_size", .hot),
                ConfigKey("subscriptions.n_workers_per_shard", .hot),
                ConfigKey("subscriptions.housekeeping_interval", .hot),
                ConfigKey("transaction.flush_interval", .hot),
                ConfigKey("transaction.idle_flush_interval", .hot),
                ConfigKey("transaction.max_pending", .hot),
                ConfigKey("transaction.conflict_window", .hot),
            ])
    }

    /// The binding reads this size as a C `unsigned int` and ignores what does not fit (reference 2.6).
    private static let largestUnsigned: Int64 = (4 << 30) - 1
}
