/// EMQX 5.10, RocksDB 7.7.3: 5.9 and the first keys of transactions.
extension Dialect {
    static let v5_10 = Dialect(
        id: "5.10", title: "EMQX 5.10", releases: [ReleaseRange(5, 10)], edition: nil,
        engine: "emqx-5.8-local", storesDatabaseOptions: true, sharesDefaultEnv: true,
        keys: v5_9Keys.changing(
            ConfigKey.block(
                "durable_storage.messages.transaction",
                [
                    ConfigKey("flush_interval", .restart, anotherMeaning: unused),
                    ConfigKey("idle_flush_interval", .restart, anotherMeaning: unused),
                    ConfigKey("conflict_window", .restart),
                ])))

    private static let unused =
        "EMQX 5.10 gathers messages in its write buffer; transactions, which this is about, it uses for "
        + "nothing that is measured here"
}
