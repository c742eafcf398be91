/// EMQX 6.1.1 to 6.2, RocksDB 9.10: whether files reserve space ahead of writing can be chosen.
extension Dialect {
    static let v6_1_1 = Dialect(
        id: "6.1.1", title: "EMQX 6.1.1–6.2",
        releases: [ReleaseRange(6, 1, 1...9_999), ReleaseRange(6, 2)], edition: nil,
        engines: backends("6.1.1"),
        storesDatabaseOptions: false, sharesDefaultEnv: false,
        keys: v6_1_0Keys.changing(
            v6_1_0Keys.filter { $0.path.hasSuffix(".rocksdb.max_open_files") }.map {
                ConfigKey("\($0.path.dropLast("max_open_files".count))allow_fallocate", .restart)
            }))
}
