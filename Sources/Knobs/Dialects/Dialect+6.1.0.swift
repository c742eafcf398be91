/// EMQX 6.1.0, RocksDB 7.7.3: one database more.
extension Dialect {
    static let v6_1_0 = Dialect(
        id: "6.1.0", title: "EMQX 6.1.0", releases: [ReleaseRange(6, 1, 0...0)], edition: nil,
        engines: backends("6.0.2"), storesDatabaseOptions: false, sharesDefaultEnv: false,
        keys: v6_1_0Keys)

    static let v6_1_0Keys = v6_0_2Keys + v6Grouped(v6Database("streams_messages"))
}
