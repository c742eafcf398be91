import Foundation
import Knobs
import Layout
import MQTT
import Measure
import Storage
import TestSupport
import Testing

/// What the engine models have in common, and in what they differ.
@Suite struct EngineTests {
    static let ids = EngineModel.catalogue.map(\.id)

    private static func options(_ id: String, _ changes: [String: Int64] = [:]) throws
        -> StoreOptions
    {
        let engine = try #require(EngineModel.find(id))
        var setting = engine.standardSetting
        for (knob, value) in changes { setting[knob] = value }
        // The pools belong to the process, in which other tests run.
        for pool in ["background_threads_high", "background_threads_low"] { setting[pool] = 0 }
        return StoreOptions(engine: engine, setting: setting)
    }

    /// One implementation under all of them: what goes in comes out, in order, also after a restart.
    @Test(arguments: ids) func everyEngineGivesBackWhatItStored(_ id: String) throws {
        let scratch = ScratchDirectory()
        let options = try Self.options(id, ["n_shards": 3])
        let model = MemoryStore(shards: 3)
        let messages = (0..<600).map { number in
            let client = "client-\(number % 5)"
            return Message(
                client: client, topic: "site/\(number % 13)/device/\(number * 7 % 101)",
                payload: Array("\(client):\(number)".utf8))
        }
        do {
            let store = try ShardedStore(at: scratch("data"), options, on: RocksEngine())
            defer { store.close() }
            for message in messages {
                store.submit(message)
                model.submit(message)
            }
            try wait("all committed") { store.committed == messages.count }
            #expect(try lanes(store.rows(matching: "#")) == lanes(model.rows(matching: "#")))
        }
        let store = try ShardedStore(at: scratch("data"), options, on: RocksEngine())
        defer { store.close() }
        #expect(try lanes(store.rows(matching: "#")) == lanes(model.rows(matching: "#")))
        #expect(store.failure == nil)
    }

    /// Each shard is a RocksDB of its own, in a directory of its own, on one Env.
    ///
    /// Checklist 1. Fails if shards become column families of one database, or if the session tables or a
    /// second engine bring an Env and pools of their own.
    @Test func everyShardIsADatabaseOfItsOwn() throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(
            at: scratch("data"), Self.options("emqx-5.8-local"), on: RocksEngine())
        defer { store.close() }
        for shard in 0..<16 {
            let files = try FileManager.default.contentsOfDirectory(
                atPath: scratch("data/\(shard)"))
            for file in ["CURRENT", "IDENTITY", "LOCK", "LOG"] {
                #expect(files.contains(file), "shard \(shard)")
            }
            #expect(
                try Database.families(at: scratch("data/\(shard)")) == [
                    "default", "emqx_ds_storage_skipstream_lts_data1",
                    "emqx_ds_storage_skipstream_lts_trie1",
                ])
        }
    }

    /// What a version's RocksDB does by default is asked for by name, so that the one linked here does it too.
    ///
    /// Checklist 4. Fails if a default of 7.7.3 or 9.10 is left to the library, or if an engine gets
    /// another's.
    @Test(arguments: [
        ("emqx-5.8-local", "kCRC32c", "false", 8 << 20, "0", "true"),
        ("emqx-6.0-local", "kCRC32c", "false", 8 << 20, "0", "true"),
        ("emqx-6.0.2-raft", "kCRC32c", "false", 8 << 20, "0", "true"),
        ("emqx-6.1.1-local", "kXXH3", "true", 32 << 20, "2097152", "false"),
        ("emqx-6.1.1-raft", "kXXH3", "true", 32 << 20, "2097152", "false"),
    ])
    func semanticsAreThoseOfTheVersionsRocksDB(
        _ id: String, _ checksum: String, _ dynamic: String, _ cache: Int, _ readahead: String,
        _ fallocate: String
    ) throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(at: scratch("data"), Self.options(id), on: RocksEngine())
        defer { store.close() }
        let options = try store.effectiveOptions()
        #expect(options["data.table.checksum"] == checksum)
        #expect(options["data.level_compaction_dynamic_level_bytes"] == dynamic)
        #expect(options["data.table.block_cache"] == "\(cache)")
        #expect(options["compaction_readahead_size"] == readahead)
        #expect(options["allow_fallocate"] == fallocate)
        #expect(try store.notHonoured() == [])
    }

    /// EMQX's dirty I/O schedulers: eight shards at most are inside RocksDB or wait for its disk.
    ///
    /// Checklist 10. Fails if a commit does not pass the gate, or if the gate is wider than the engine says.
    @Test func atMostEightShardsAreInsideRocksDBAtOnce() throws {
        let scratch = ScratchDirectory()
        let disk = try Disk(.passThrough)
        _ = disk.inject(DiskFault(.slow(.milliseconds(20)), on: .sync, of: [.wal]))
        var options = try Self.options("emqx-5.8-local", ["local_write_buffer.max_items": 2])
        options.durability.sync = .perCommit
        let store = try ShardedStore(at: scratch("data"), options, on: RocksEngine(on: disk))
        defer { store.close() }
        // Enough clients that every shard has some.
        for number in 0..<400 {
            let client = "client-\(number % 100)"
            store.submit(Message(client: client, topic: "a", payload: Array("\(client):".utf8)))
        }
        try wait("all committed") { store.committed == 400 }
        #expect(store.mostInsideRocksDB == options.engine.concurrentWrites)
        #expect(options.engine.concurrentWrites == 8)
    }

    /// 6.0.0 and 6.0.1 bound all memtables of a shard: RocksDB flushes when they pass 7/8 of the bound, long
    /// before one memtable is full.
    ///
    /// Checklist 24. Fails if the bound is given to each column family as its memtable size, or to all
    /// shards together.
    @Test func aShardsBoundIsFeltAtSevenEighths() throws {
        let scratch = ScratchDirectory()
        var options = try Self.options("emqx-6.0-local", ["n_shards": 2])
        options.miniature = 8
        let bound = (10 << 20) / 8
        let store = try ShardedStore(at: scratch("data"), options, on: RocksEngine())
        defer { store.close() }
        let alone = try #require(
            (0..<100).map { "client-\($0)" }.first { publisher($0, shards: 2).shard == 0 })
        func put(_ bytes: Int) throws {
            let before = store.committed, each = 8_000
            for number in 0..<bytes / each {
                store.submit(
                    Message(
                        client: alone, topic: "a",
                        payload: Array("\(alone):\(number)".utf8)
                            + [UInt8](repeating: 7, count: each)))
            }
            try wait("committed") { store.committed - before == bytes / each }
        }
        try put(bound * 3 / 4)
        #expect(store.gauges().l0Files == 0)
        try put(bound / 4)
        // RocksDB looks at the bound before each write.
        try put(8_000)
        try wait("a flush") { store.gauges().l0Files > 0 }
    }

    /// EMQX 6 closes a batch when nothing more has come for a moment, and not only after its interval.
    ///
    /// Fails if a batch waits for its interval alone: then nothing would be committed within the test.
    @Test func anIdleTransactionIsCommitted() throws {
        let scratch = ScratchDirectory()
        let options = try Self.options(
            "emqx-6.0-local", ["n_shards": 1, "transaction.flush_interval": 3_600_000])
        let store = try ShardedStore(at: scratch("data"), options, on: RocksEngine())
        defer { store.close() }
        store.submit(Message(client: "c", topic: "a", payload: Array("c:".utf8)))
        try wait("the commit") { store.committed == 1 }
    }

    /// The models are told apart by data, and each says what it departs in.
    @Test func everyModelIsWhatItsNameSays() {
        #expect(Set(Self.ids).count == Self.ids.count)
        for engine in EngineModel.catalogue {
            let isRaft = if case .raft = engine.log { true } else { false }
            #expect(isRaft == engine.id.hasSuffix("-raft"), "\(engine.id)")
            #expect(!engine.departures.isEmpty)
            guard engine.id != "article" else { continue }
            #expect(engine.cpuPerMessage == .microseconds(57))
            #expect(engine.durability.id == "on_enqueue")
            let isSix = engine.id.hasPrefix("emqx-6")
            #expect((engine.format.values == .asn1) == isSix)
            #expect((engine.batching == .transaction) == isSix)
            // The second write of a flush and the timestamp record are the local backends' (reference 2.5, 3.4).
            #expect(engine.writesSerial == (isSix && !isRaft))
            #expect(engine.recordsTimestamp == (!isSix && !isRaft))
        }
        let article = EngineModel.article
        #expect(article.durability.id == "on_commit, sync per_commit")
        #expect(article.cpuPerMessage == .zero && article.sessions == .beforePromise)
    }
}
