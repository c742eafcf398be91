import Foundation
import Layout
import Measure
import Storage
import TestSupport
import Testing

/// The tables of session state: their rows come back, and they are as small as EMQX's (reference 4.1).
@Suite struct SessionTablesTests {
    private static let will = PeerAddress(bytes: [127, 0, 0, 1], port: 65_535).map {
        StateValue.Will(
            connect: [0x10, 0, 255], username: "ünï", peer: $0,
            state: .due(1_700_000_000_000))
    }

    private static let rows: [StateKey: StateValue] = [
        .metadata: .metadata(
            StateValue.Metadata(
                created: 1_700_000_000_000, lastAlive: 1_700_000_005_000, expiry: 4_294_967_295,
                version: 5, isConnected: true, will: will)),
        .subscription("a/+/#"): .subscription(StateValue.Subscription(state: 7)),
        .subscriptionState(7): .subscriptionState(
            StateValue.SubscriptionState(
                filter: "a/+/#", qos: 2, noLocal: true, begins: [0, 1_700_000_000_000_000])),
        .stream(shard: 15, StreamAddress(stream: StreamID(rawValue: .max), generation: 255)):
            .stream(
                StateValue.Stream(
                    begin: 1, end: 1_700_000_000_000_001, batchSize: 100, firstQoS1: 1,
                    lastQoS1: 60,
                    firstQoS2: 5, lastQoS2: 4)),
        .stream(shard: 0, StreamAddress(stream: StreamID(rawValue: 1))): .stream(
            StateValue.Stream(
                begin: 0, end: 0, batchSize: 0, firstQoS1: 1, lastQoS1: 0, firstQoS2: 1,
                lastQoS2: 0)),
        .seqno(.nextQoS1): .seqno(70_000), .seqno(.received): .seqno(0), .rank(3): .rank(2),
        .awaitingRelease(65_535): .awaitingRelease(1_700_000_000_000),
    ]

    private static func store(_ path: String) throws -> ShardedStore {
        try ShardedStore(at: path, .test(), on: RocksEngine())
    }

    /// Checklist 16. Fails if a kind of row is not written, or lands in another session's.
    @Test func everyKindOfRowComesBackAfterARestart() throws {
        let scratch = ScratchDirectory()
        // Each id begins the next one.
        let clients = ["", "c", "cc"]
        do {
            let store = try Self.store(scratch.path)
            defer { store.close() }
            for client in clients { store.commit(SessionChanges(client: client, rows: Self.rows)) }
        }
        do {
            let store = try Self.store(scratch.path)
            defer { store.close() }
            for client in clients { #expect(try store.sessionRows(of: client) == Self.rows) }
            #expect(try store.sessionRows(of: "ccc").isEmpty)
            let gone: [StateKey] = [.awaitingRelease(65_535), .seqno(.received)]
            store.commit(
                SessionChanges(
                    client: "c", rows: [.seqno(.nextQoS1): .seqno(70_001)], deleted: gone))
            store.commit(SessionChanges(client: "cc", isEnd: true))
        }
        let store = try Self.store(scratch.path)
        defer { store.close() }
        var changed = Self.rows
        changed[.awaitingRelease(65_535)] = nil
        changed[.seqno(.received)] = nil
        changed[.seqno(.nextQoS1)] = .seqno(70_001)
        #expect(try store.sessionRows(of: "c") == changed)
        #expect(try store.sessionRows(of: "").count == Self.rows.count)
        #expect(try store.sessionRows(of: "cc").isEmpty)
        #expect(store.failure == nil)
    }

    /// Checklist 16. Fails if the tables have pools of their own, or memtables of RocksDB's default size.
    @Test func theTablesAreSmallAndShareTheThreads() async {
        await #expect(processExitsWith: .success) {
            let scratch = ScratchDirectory()
            let engine = RocksEngine()
            let store = try ShardedStore(at: scratch.path, .test(["n_shards": 16]), on: engine)
            let tables = StateTable.allCases.map { scratch("mnesia/" + $0.rawValue) }
            #expect(tables.count == 7)
            #expect(!tables.contains { FileManager.default.fileExists(atPath: $0) })
            store.commit(SessionChanges(client: "c", rows: SessionTablesTests.rows))
            try wait("the rows") { try store.sessionRows(of: "c").count == 9 }
            #expect(engine.threads == (1, 1))
            for table in tables {
                let files = try FileManager.default.contentsOfDirectory(atPath: table)
                let name = try #require(files.filter { $0.hasPrefix("OPTIONS") }.max())
                let text = try String(contentsOfFile: table + "/" + name, encoding: .utf8)
                for option in [
                    "write_buffer_size=4194304", "compression=kSnappyCompression",
                    "max_open_files=100",
                ] {
                    #expect(text.contains("  \(option)\n"), "\(table): \(option)")
                }
            }
            store.close()
        }
    }

    /// Checklist 17. Fails if session state is ever synced on EMQX's engines.
    @Test func stateIsSyncedOnlyWhereItIsPromised() throws {
        for (commits, syncs) in [
            (EngineModel.SessionCommits.every(.seconds(5)), 0), (.beforePromise, 7),
        ] {
            let scratch = ScratchDirectory()
            let engine = RocksEngine()
            var options = StoreOptions.test()
            options.engine.sessions = commits
            options.durability.sync = .perCommit
            let store = try ShardedStore(at: scratch.path, options, on: engine)
            let receipt = store.commit(SessionChanges(client: "c", rows: Self.rows))
            #expect(receipt == Receipt(lane: store.sessionLane, position: 1))
            store.close()
            #expect(engine.ticker("rocksdb.wal.synced") == Int64(syncs), "one for each table")
            let settled = store.takeSettled()
            #expect(
                settled
                    == (syncs > 0 ? [Settlement(lane: store.sessionLane, through: 1)] : []))
        }
    }

    @Test func aTableThatCannotBeOpenedIsReported() throws {
        let scratch = ScratchDirectory()
        var options = StoreOptions.test()
        options.engine.sessions = .beforePromise
        let store = try ShardedStore(at: scratch.path, options, on: RocksEngine())
        let path = scratch("mnesia/" + StateTable.seqnos.rawValue)
        try Data().write(to: URL(fileURLWithPath: path))
        store.commit(SessionChanges(client: "c", rows: Self.rows))
        store.close()
        #expect(
            store.takeSettled() == [
                Settlement(lane: store.sessionLane, through: 1, refusal: .other)
            ])
        let failure = try #require(store.failure).description
        #expect(failure.contains(path) && failure.contains("session tables"))
    }
}
