import Foundation
import Layout
import MQTT
import Measure
import Storage
import TestSupport
import Testing

/// Generations begin, are read together, and go as a whole (reference 4.4).
@Suite struct GenerationTests {
    private static let options = StoreOptions.test(["n_shards": 2])

    private static func message(_ number: Int, _ phase: String) -> Message {
        let client = "client-\(number % 5)"
        return Message(
            client: client, topic: "site/\(number % 3)/device/\(number % 40)",
            payload: Array("\(client):\(phase) \(number)".utf8))
    }

    private static func store(_ phase: String, _ count: Int, in store: ShardedStore) throws {
        let before = store.committed
        for number in 0..<count { store.submit(message(number, phase)) }
        try wait("the commits") { store.committed == before + count && store.depth == 0 }
    }

    private static func texts(_ rows: [Row]) -> [String: Int] {
        Dictionary(grouping: rows) { String($0.text.split(separator: ":")[1].prefix { $0 != " " }) }
            .mapValues(\.count)
    }

    /// Checklist 19. Fails if messages are deleted one by one, or if column families stay.
    @Test func aGenerationGoesAsAWhole() throws {
        let scratch = ScratchDirectory()
        let engine = RocksEngine()
        let store = try ShardedStore(at: scratch.path, Self.options, on: engine)
        defer { store.close() }
        try Self.store("old", 300, in: store)
        try store.addGeneration()
        try Self.store("new", 200, in: store)
        #expect(try Self.texts(store.rows(matching: "#")) == ["old": 300, "new": 200])
        #expect(try Self.texts(store.rows(matching: "site/+/device/7", limit: 3)).values.max() == 8)
        let lanes = try lanes(store.rows(matching: "#", limit: 7))
        for (lane, rows) in lanes {
            let numbers = rows.map { $0.text.contains("new") }
            #expect(numbers == numbers.sorted { !$0 && $1 }, "\(lane): old before new")
        }

        let last = try #require(store.generations(of: 0).first?.until)
        #expect(store.generations(of: 0).map(\.number) == [1, 2])
        try store.dropGenerations(until: last)
        #expect(store.generations(of: 0).map(\.number) == [2])
        #expect(try Self.texts(store.rows(matching: "#")) == ["new": 200])
        #expect(engine.ticker("rocksdb.number.db.seek") ?? 0 > 0)
        store.close()
        let names = try Database.families(at: scratch("0"))
        #expect(
            Set(names) == [
                "default", "emqx_ds_storage_skipstream_lts_data2",
                "emqx_ds_storage_skipstream_lts_trie2",
            ])
    }

    /// Fails if the only place for new messages can be taken away.
    @Test func theCurrentGenerationCannotBeDropped() throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
        #expect(throws: GenerationError.current(1)) { try store.dropGeneration(1) }
        try store.dropGenerations(until: .max - 1)
        #expect(store.generations(of: 1).map(\.number) == [1])
        try store.dropGeneration(7)
        store.close()
        #expect(throws: GenerationError.closed) { try store.addGeneration() }
    }

    @Test func severalGenerationsOpenAgain() throws {
        let scratch = ScratchDirectory()
        var spans: [GenerationSpan] = []
        var before: [String: [Row]] = [:]
        do {
            let store = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
            defer { store.close() }
            for phase in ["a", "b", "c"] {
                try Self.store(phase, 150, in: store)
                if phase != "c" { try store.addGeneration() }
            }
            try store.dropGeneration(1)
            spans = store.generations(of: 0)
            before = try lanes(store.rows(matching: "#"))
        }
        #expect(spans.map(\.number) == [2, 3])
        let store = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
        defer { store.close() }
        #expect(store.generations(of: 0) == spans)
        #expect(try lanes(store.rows(matching: "#")) == before)
        try Self.store("d", 100, in: store)
        try store.addGeneration()
        try Self.store("e", 50, in: store)
        #expect(
            try Self.texts(store.rows(matching: "#")) == ["b": 150, "c": 150, "d": 100, "e": 50])
    }

    /// The trie of a new generation holds what varies and nothing else, and is found after a restart.
    @Test func whatVariesIsKnownInTheNextGeneration() throws {
        let scratch = ScratchDirectory()
        let options = StoreOptions.test()
        do {
            let store = try ShardedStore(at: scratch.path, options, on: RocksEngine())
            defer { store.close() }
            for number in 0..<300 { store.submit(Self.message(number, "a")) }
            try wait("the commits") { store.committed == 300 }
            try store.addGeneration()
        }
        let names = try Database.families(at: scratch("0"))
        let old = try #require(names.firstIndex { $0.hasSuffix("trie1") })
        let new = try #require(names.firstIndex { $0.hasSuffix("trie2") })
        let before = try rawRows(at: scratch("0"), options, family: old)
        let after = try rawRows(at: scratch("0"), options, family: new)
        #expect(after.count > 3 && after.count < before.count)
        for (key, value) in after { #expect(before[key] == value) }
        let sign: [UInt8] = [119, 1, 43]  // the atom '+'
        #expect(after.values.contains { $0.contains(sign) })
        for (key, value) in after where key.contains(Array("rlookup".utf8)) {
            #expect(value.contains(sign), "a literal stream was copied")
        }
    }

    /// What a kill leaves between the column families and the row that names them.
    @Test func halfAGenerationIsRemovedAtOpening() throws {
        let scratch = ScratchDirectory()
        do {
            let store = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
            defer { store.close() }
            try Self.store("a", 50, in: store)
        }
        do {
            let names = try Database.families(at: scratch("1"))
            let database = try Database(
                path: scratch("1"), shard: 1, options: "",
                families: names.map { ColumnFamily(name: $0, options: "") }, on: RocksEngine())
            _ = try database.createFamily(
                ColumnFamily(name: "emqx_ds_storage_skipstream_lts_data2", options: ""))
        }
        do {
            let store = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
            defer { store.close() }
            #expect(store.generations(of: 1).map(\.number) == [1])
            #expect(try Self.texts(store.rows(matching: "#")) == ["a": 50])
            try store.addGeneration()
            #expect(store.generations(of: 1).map(\.number) == [1, 2])
        }
        #expect(try Database.families(at: scratch("1")).count == 5)
    }

    /// A row that another program wrote under the same key: its directory is left alone.
    @Test func aForeignSchemaIsRefused() throws {
        let scratch = ScratchDirectory()
        let options = StoreOptions.test()
        try ShardedStore(at: scratch.path, options, on: RocksEngine()).close()
        do {
            let names = try Database.families(at: scratch("0"))
            let database = try Database(
                path: scratch("0"), shard: 0, options: "",
                families: names.map { ColumnFamily(name: $0, options: "") }, on: RocksEngine())
            try database.put(Array("schema_v2".utf8), [131, 116, 0, 0, 0, 0], family: 0)
        }
        let error = #expect(throws: StoreOpenError.self) {
            _ = try ShardedStore(at: scratch.path, options, on: RocksEngine())
        }
        #expect(error?.description.contains("schema_v2") == true)
    }

    /// Days pass on a clock of the test's own; the timer fires a little late each time.
    ///
    /// Checklist 19. Fails if a generation goes by its beginning, or if none is ever begun.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func aMessageLivesBetweenOneAndThreePeriods(_ root: UInt64) throws {
        var seed = Seed(root)
        let scratch = ScratchDirectory()
        var options = StoreOptions.test()
        let day: UInt64 = 86_400_000
        #expect(options.retention == .seconds(86_400), "EMQX's default")
        options.retention = .milliseconds(Int64(day))
        let store = try ShardedStore(at: scratch.path, options, on: RocksEngine())
        defer { store.close() }
        var now = store.generations(of: 0)[0].since + UInt64.random(in: 0..<day, using: &seed)
        var born: [String: UInt64] = [:]
        var lived: [String: UInt64] = [:]
        for tick in 0..<9 {
            for part in ["early", "late"] {
                let text = "c:\(tick) \(part)"
                store.submit(Message(client: "c", topic: "t/\(part)", payload: Array(text.utf8)))
                born[text] = part == "early" ? now + 1 : now + day - 1
            }
            try wait("the commits") { store.committed == 2 * (tick + 1) && store.depth == 0 }
            now += day + UInt64.random(in: 0..<10_000, using: &seed)
            try store.collectGarbage(at: now)
            let there = Set(try store.rows(matching: "#").map(\.text))
            for (text, birth) in born where !there.contains(text) {
                lived[text] = now - birth
                born[text] = nil
            }
        }
        #expect(lived.count >= 12, "seed \(root)")
        for (text, time) in lived {
            #expect(time >= day && time <= 3 * day, "seed \(root), \(text): \(time) ms")
        }
        #expect(store.generations(of: 0).count <= 3)
    }
}

extension [UInt8] {
    fileprivate func contains(_ part: [UInt8]) -> Bool {
        indices.contains { self[$0...].starts(with: part) }
    }
}
