import Knobs
import Layout
import MQTT
import Measure
import Storage
import TestSupport
import Testing

/// What is synced, and how the outcome of a write becomes known. `BrokerTests` kill the process.
@Suite struct DurabilityTests {
    static let rows: [(durability: Durability, id: String, kill: Bool, powerLoss: Bool)] = [
        (Durability(acknowledgement: .onEnqueue, sync: .none), "on_enqueue", false, false),
        (Durability(acknowledgement: .onEnqueue, sync: .perCommit), "on_enqueue", false, false),
        (
            Durability(acknowledgement: .onCommit, sync: .none), "on_commit, sync none", true, false
        ),
        (
            Durability(acknowledgement: .onCommit, sync: .interval(.seconds(1))),
            "on_commit, sync interval", true, false
        ),
        (
            Durability(acknowledgement: .onCommit, sync: .perCommit),
            "on_commit, sync per_commit", true, true
        ),
    ]

    @Test(arguments: rows.indices) func everyModeStatesItsPromise(_ index: Int) {
        let row = Self.rows[index]
        #expect(row.durability.id == row.id)
        #expect(row.durability.survivesKill == row.kill)
        #expect(row.durability.survivesPowerLoss == row.powerLoss)
        let promise = row.durability.promise
        #expect(promise.survivesKill.hasPrefix(row.kill ? "yes" : "no"))
        #expect(promise.survivesPowerLoss.hasPrefix("yes") == row.powerLoss)
    }

    /// Five batches, one after the other.
    private static func syncs(_ sync: Durability.Sync) throws -> (synced: Int, byTimer: Int) {
        let scratch = ScratchDirectory()
        let engine = RocksEngine()
        var options = StoreOptions.test(["local_write_buffer.max_items": 1])
        options.durability.sync = sync
        let store = try ShardedStore(at: scratch("data"), options, on: engine)
        let before = engine.ticker("rocksdb.wal.synced") ?? 0
        for number in 1...5 {
            store.submit(Message(client: "c", topic: "t", payload: []))
            try wait("a commit") { store.committed == number && store.depth == 0 }
        }
        if case .interval = sync { try wait("the timer") { store.timedSyncs > 0 } }
        store.close()
        #expect(store.failure == nil)
        return (Int((engine.ticker("rocksdb.wal.synced") ?? 0) - before), store.timedSyncs)
    }

    /// Checklist 25. Fails if a local engine syncs with its commits, as EMQX does not.
    @Test func nothingIsSyncedUnlessItIsAskedFor() throws {
        let (synced, byTimer) = try Self.syncs(EngineModel.emqx58Local.durability.sync)
        #expect(synced == 0)
        #expect(byTimer == 0)
    }

    /// Fails if a commit returns before its sync, or if batches share one.
    @Test func everyCommitIsSyncedByItself() throws {
        let (synced, byTimer) = try Self.syncs(.perCommit)
        #expect(synced == 5)
        #expect(byTimer == 0)
    }

    /// Fails if the timer syncs logs that have nothing new, or if commits sync too.
    @Test func theTimerSyncsWhatIsNew() throws {
        let (synced, byTimer) = try Self.syncs(.interval(.milliseconds(5)))
        #expect(synced == byTimer)
        #expect((1...5).contains(byTimer))
    }

    /// Every position is decided once, in order, and a message that cannot be stored is refused by itself.
    @Test func decisionsComeInOrder() throws {
        let scratch = ScratchDirectory()
        var options = StoreOptions.test(["local_write_buffer.max_items": 4])
        options.durability.acknowledgement = .onCommit
        let store = try ShardedStore(at: scratch("data"), options, on: RocksEngine())
        for number in 1...10 {
            let receipt =
                number == 6
                ? store.submitBroken()
                : store.submit(
                    Message(client: "c", topic: "t", payload: []))
            #expect(receipt == Receipt(lane: 0, position: number))
        }
        store.close()
        let settled = store.takeSettled()
        #expect(
            settled == [
                Settlement(lane: 0, through: 5),
                Settlement(lane: 0, through: 6, refusal: .other),
                Settlement(lane: 0, through: 10),
            ])
        #expect(store.takeSettled().isEmpty)
        #expect(store.committed == 9)
    }

    /// With acknowledgement on enqueue nobody asks, and nothing piles up.
    @Test func onEnqueueNobodyIsTold() throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(at: scratch("data"), .test(), on: RocksEngine())
        store.submit(Message(client: "c", topic: "t", payload: []))
        store.close()
        #expect(store.takeSettled().isEmpty)
    }

    /// EMQX 6's local backend: the count of flushes in a write of its own, before each batch (reference 2.5).
    ///
    /// Fails if the count shares the batch's write, or begins anew after a restart.
    @Test func theSerialIsASecondWrite() throws {
        let scratch = ScratchDirectory()
        var options = StoreOptions.test(["local_write_buffer.max_items": 1])
        options.engine.writesSerial = true
        for round in 1...2 {
            let engine = RocksEngine()
            let store = try ShardedStore(at: scratch("data"), options, on: engine)
            let before = engine.ticker("rocksdb.write.self") ?? 0
            for _ in 0..<3 { store.submit(Message(client: "c", topic: "t", payload: [])) }
            store.close()
            #expect((engine.ticker("rocksdb.write.self") ?? 0) - before == 6, "round \(round)")
        }
        let rows = try rawRows(at: scratch("data/0"), options, family: 0)
        #expect(rows[Array("serial".utf8)] == [0, 0, 0, 0, 0, 0, 0, 6])
    }
}

extension DurableStore {
    /// A message whose properties are none.
    fileprivate func submitBroken() -> Receipt {
        let nonsense: [UInt8] = [0xFF, 0xFF], topic = Array("t".utf8)
        return submit(
            Submission(
                qos: .atLeastOnce, retain: false, intended: .now(),
                timestamp: Int64(wallClockMilliseconds())),
            from: publisher("c", shards: shards), topic: topic.span.bytes,
            properties: nonsense.span.bytes, payload: RawSpan())
    }
}

/// All rows of a column family of a database that is closed.
func rawRows(
    at path: String, _ options: StoreOptions, families: [String]? = nil, family: Int
) throws -> [[UInt8]: [UInt8]] {
    let families = try families ?? Database.families(at: path)
    let database = try Database(
        path: path, shard: 0, options: "",
        families: families.map {
            ColumnFamily(name: $0, options: "")
        }, on: RocksEngine())
    var cursor = Cursor(database, family: family)
    cursor.seek(UnsafeRawBufferPointer(start: nil, count: 0))
    var rows: [[UInt8]: [UInt8]] = [:]
    while let (key, value) = try cursor.current({ (Array($0), Array($1)) }) {
        rows[key] = value
        cursor.next()
    }
    return rows
}
