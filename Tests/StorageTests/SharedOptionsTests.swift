import Knobs
import Storage
import TestSupport
import Testing

/// What the shards of one store share, and other databases of the engine do not.
@Suite struct SharedOptionsTests {
    private static let manager: Int64 = 512 << 10
    private static let shards: Int64 = 4

    private static func store(
        _ values: [String: Int64], at path: String, on engine: RocksEngine
    ) throws -> ShardedStore {
        try ShardedStore(at: path, .test(values.merging(["n_shards": shards]) { $1 }), on: engine)
    }

    private static func flushes(_ store: ShardedStore, _ engine: RocksEngine) throws -> Int {
        let count = 2_000
        for number in 0..<count {
            store.submit(
                Message(
                    client: "c\(number % 64)", topic: "t",
                    payload: [UInt8](repeating: 7, count: 1_000)))
        }
        try wait("all committed") { store.committed == count }
        try wait("flushes") { store.gauges().busyShards == 0 }
        return engine.takeEvents().count { if case .flush = $0.kind { true } else { false } }
    }

    /// Memtables of 64 MiB never fill here; the shards together exceed the one budget.
    /// Checklist 24. Fails if a database is opened without the engine's manager, or each gets one of its
    /// own.
    @Test func oneBudgetOfMemtablesIsForAllShards() throws {
        let scratch = ScratchDirectory()
        let engine = RocksEngine()
        let alone = try Self.store([:], at: scratch("alone"), on: engine)
        #expect(try Self.flushes(alone, engine) == 0)
        alone.close()
        let sharing = try Self.store(
            ["write_buffer_manager": Self.manager], at: scratch("sharing"), on: engine)
        defer { sharing.close() }
        #expect(try sharing.effectiveOptions()["write_buffer_manager"] == "\(Self.manager)")
        #expect(try Self.flushes(sharing, engine) > 0)
    }

    /// A database that is opened later on the same engine is not limited by what the shards share.
    @Test func whatShardsShareEndsWithThem() throws {
        let scratch = ScratchDirectory()
        let engine = RocksEngine()
        let shared = SharedOptions(
            writeBufferManager: UInt64(Self.manager), bytesPerSecond: 1 << 20)
        let store = try Self.store(
            [
                "write_buffer_manager": Self.manager, "rate_limiter_bytes_per_sec": 1 << 20,
                "bytes_per_sync": 1 << 20,
            ], at: scratch("shards"), on: engine)
        defer { store.close() }
        #expect(try store.notHonoured() == [])
        #expect(try store.effectiveOptions()["rate_limiter_bytes_per_sec"] == "\(1 << 20)")
        func open(_ name: String) throws -> SharedOptions {
            let database = try Database(
                path: scratch(name), shard: -1,
                options: "create_if_missing=true;db_write_buffer_size=\(Self.manager)",
                families: [ColumnFamily(name: "default", options: "")], on: engine)
            return database.shared()
        }
        #expect(try open("sessions") == SharedOptions(), "a manager of its own is not shared")
        engine.share(shared)
        #expect(try open("member") == shared)
    }
}
