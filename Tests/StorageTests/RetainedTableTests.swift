import Foundation
import MQTT
import Measure
import Storage
import TestSupport
import Testing

/// The table of retained messages on disk.
@Suite struct RetainedTableTests {
    private static func row(_ topic: String, _ payload: String, published: Int64 = 5) -> RetainedRow
    {
        RetainedRow(
            topic: Array(topic.utf8), publisher: Array("client \(topic)".utf8), qos: .exactlyOnce,
            published: published, properties: [0x02, 0, 0, 0, 9], payload: Array(payload.utf8))
    }

    private static func set(_ row: RetainedRow, in store: ShardedStore) {
        store.retain(row.topic, row)
    }

    private static func sorted(_ rows: [RetainedRow]) -> [RetainedRow] {
        rows.sorted { $0.topic.lexicographicallyPrecedes($1.topic) }
    }

    private static func store(_ path: String, _ options: StoreOptions = .test()) throws
        -> ShardedStore
    {
        try ShardedStore(at: path, options, on: RocksEngine())
    }

    /// Fails if a row is not written, is not replaced or not deleted, or loses a field.
    @Test func rowsComeBackAfterARestart() throws {
        let scratch = ScratchDirectory()
        do {
            let store = try Self.store(scratch.path)
            defer { store.close() }
            #expect(store.takeRetained().isEmpty)
            for topic in ["a", "a/b", "", "ü/$", "gone"] where !topic.isEmpty {
                Self.set(Self.row(topic, "first"), in: store)
            }
            Self.set(Self.row("a", "", published: -1), in: store)
            store.retain(Array("gone".utf8), nil)
        }
        for _ in 0..<2 {
            let store = try Self.store(scratch.path)
            defer { store.close() }
            let rows = [
                Self.row("a", "", published: -1), Self.row("a/b", "first"),
                Self.row("ü/$", "first"),
            ]
            #expect(Self.sorted(store.takeRetained()) == rows)
            #expect(store.takeRetained().isEmpty, "they are given once")
        }
    }

    /// A store without retained messages has no database for them.
    @Test func itIsMadeWithTheFirstRow() throws {
        let scratch = ScratchDirectory()
        let store = try Self.store(scratch.path)
        let path = scratch.path + "/mnesia/emqx_retainer_message"
        #expect(!FileManager.default.fileExists(atPath: path))
        Self.set(Self.row("a", "x"), in: store)
        store.close()
        #expect(FileManager.default.fileExists(atPath: path))
    }

    /// Fails if what another program wrote is loaded as a message.
    @Test func aForeignRowIsRefusedByName() throws {
        let scratch = ScratchDirectory()
        do {
            let store = try Self.store(scratch.path)
            defer { store.close() }
            Self.set(Self.row("a", "x"), in: store)
        }
        let path = scratch.path + "/mnesia/emqx_retainer_message"
        do {
            let database = try Database(
                path: path, shard: 0, options: "",
                families: [ColumnFamily(name: "default", options: "")], on: RocksEngine())
            try database.put(Array("b".utf8), [9, 9, 9], family: 0)
        }
        do {
            let store = try Self.store(scratch.path)
            store.close()
            Issue.record("it was opened")
        } catch {
            #expect("\(error)".contains(path))
            #expect("\(error)".contains("topic b"))
        }
    }
}
