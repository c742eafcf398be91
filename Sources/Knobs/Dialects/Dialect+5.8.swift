/// EMQX 5.8.0 to 5.8.11, RocksDB 7.7.3. `local_write_buffer.max_bytes` exists from 5.8.2.
extension Dialect {
    static let v5_8CE = Dialect(
        id: "5.8-ce", title: "EMQX 5.8 CE", releases: [ReleaseRange(5, 8)], edition: "ce",
        engines: [("builtin_local", "emqx-5.8-local")], storesDatabaseOptions: true,
        sharesDefaultEnv: true,
        keys: v5_8Sessions
            + ConfigKey.block(
                "durable_storage.messages",
                [ConfigKey("backend", .newDatabaseOnly, values: ["builtin_local"])] + v5_8Storage))

    /// The other edition has one backend more, and its keys.
    static let v5_8EE = Dialect(
        id: "5.8-ee", title: "EMQX 5.8 EE", releases: [ReleaseRange(5, 8)], edition: "ee",
        engines: backends("5.8"), storesDatabaseOptions: true, sharesDefaultEnv: true,
        keys: v5_8Sessions
            + ConfigKey.block(
                "durable_storage.messages",
                [
                    ConfigKey(
                        "backend", .newDatabaseOnly, values: ["builtin_raft", "builtin_local"]),
                    // These three are rejected together with backend = builtin_local.
                    ConfigKey("n_sites", .newDatabaseOnly),
                    ConfigKey("replication_factor", .newDatabaseOnly),
                    ConfigKey("replication_options.*", .newDatabaseOnly),
                ] + v5_8Storage))

    private static let v5_8Sessions = ConfigKey.block(
        "durable_sessions",
        [
            ConfigKey("enable", .restart),
            // Bounds what a session buffers; how much storage reads at once is fixed.
            ConfigKey("batch_size", .hot),
            ConfigKey("idle_poll_interval", .hot),
            ConfigKey("heartbeat_interval", .hot),
            ConfigKey("renew_streams_interval", .hot),
            ConfigKey("session_gc_interval", .hot),
            ConfigKey("session_gc_batch_size", .hot),
            ConfigKey("subscription_count_refresh_interval", .hot),
            ConfigKey("disconnected_session_count_refresh_interval", .hot),
            ConfigKey("message_retention_period", .hot),
            ConfigKey("force_persistence", .hot),
        ])

    private static let v5_8Storage: [ConfigKey] = [
        ConfigKey("data_dir", .restart),
        ConfigKey("n_shards", .newDatabaseOnly),
        ConfigKey("local_write_buffer.max_items", .restart),
        ConfigKey(
            "local_write_buffer.max_bytes", .restart,
            missingIn:
                "EMQX 5.8.0 and 5.8.1 do not know it and would not boot: write it by hand, as a "
                + "whole number without a unit, for 5.8.2 and later"),
        ConfigKey("local_write_buffer.flush_interval", .restart),
        ConfigKey(
            "layout.type", .newDatabaseOnly,
            values: ["wildcard_optimized_v2", "wildcard_optimized", "reference"]),
        ConfigKey("layout.bytes_per_topic_level", .newDatabaseOnly),
        ConfigKey("layout.topic_index_bytes", .newDatabaseOnly),
        ConfigKey("layout.serialization_schema", .newDatabaseOnly, values: ["v1", "asn1"]),
        ConfigKey("layout.bits_per_topic_level", .newDatabaseOnly),
        ConfigKey("layout.epoch_bits", .newDatabaseOnly),
        ConfigKey(
            "poll_workers_per_shard", .restart,
            .ignored(reason: "EMQX 5.8 accepts poll_workers_per_shard and never reads it")),
        ConfigKey(
            "poll_batch_size", .restart,
            .ignored(reason: "EMQX up to 5.10 accepts poll_batch_size and never reads it")),
    ]
}
