/// EMQX 5.9, one edition, RocksDB 7.7.3: the keys of 5.8 EE, two of which changed their effect.
extension Dialect {
    static let v5_9 = Dialect(
        id: "5.9", title: "EMQX 5.9", releases: [ReleaseRange(5, 9)], edition: nil,
        engine: "emqx-5.8-local", storesDatabaseOptions: true, sharesDefaultEnv: true,
        keys: v5_9Keys)

    static let v5_9Keys = v5_8EE.keys.changing([
        ConfigKey(
            "durable_sessions.idle_poll_interval", .hot,
            .ignored(reason: "since EMQX 5.9 nothing reads idle_poll_interval")),
        ConfigKey("durable_storage.messages.local_write_buffer.max_bytes", .restart),
        ConfigKey("durable_storage.messages.poll_workers_per_shard", .restart),
    ])
}
