import Foundation
import Knobs
import Measure
import Storage
import TestSupport
import Testing

/// What each durability mode promises for a loss of power, and what it does not, on whole stores.
@Suite struct PowerLossModeTests {
    private static let shards = 2

    private static func messages(_ numbers: Range<Int>) -> [Message] {
        numbers.map { number in
            let client = "client-\(number % 5)"
            return Message(
                client: client, topic: "a/\(number % 3)", payload: Array("\(client):\(number)".utf8)
            )
        }
    }

    private static func options(_ engine: EngineModel, _ sync: Durability.Sync) -> StoreOptions {
        var setting = engine.standardSetting
        setting["n_shards"] = Int64(shards)
        setting["local_write_buffer.flush_interval"] = 5
        return StoreOptions(
            engine: engine, setting: setting,
            durability: Durability(acknowledgement: .onCommit, sync: sync))
    }

    /// Commits `numbers` in a store whose power is then cut, and says what a store finds after that.
    private static func survivors(
        of numbers: Range<Int>, _ options: StoreOptions,
        before cut: (ShardedStore) throws -> Void = { _ in }
    ) throws -> Set<String> {
        let scratch = ScratchDirectory()
        do {
            let disk = try Disk(journal: scratch("journal"))
            let store = try ShardedStore(
                at: scratch("data"), options, on: RocksEngine(on: disk))
            for message in messages(numbers) { store.submit(message) }
            try wait("all committed") { store.committed == numbers.count }
            try cut(store)
            disk.cutPower()
            store.close()
        }
        _ = try Disk.losePower(scratch("journal"))
        let store = try ShardedStore(at: scratch("data"), options, on: RocksEngine())
        defer { store.close() }
        return Set(try store.rows(matching: "#").map(\.text))
    }

    private static func texts(_ numbers: Range<Int>) -> Set<String> {
        Set(messages(numbers).map { String(decoding: $0.payload, as: UTF8.self) })
    }

    /// Checklist 25. Fails if a commit is reported before its sync.
    @Test func syncedWithEveryCommitNothingIsLost() throws {
        let found = try Self.survivors(of: 0..<200, Self.options(.emqx58Local, .perCommit))
        #expect(found == Self.texts(0..<200))
    }

    /// Checklist 25. Fails if something syncs what nobody asked to be synced: EMQX's local backend loses what
    /// the page cache held.
    @Test func withoutSyncWhatThePageCacheHeldIsLost() throws {
        let found = try Self.survivors(of: 0..<200, Self.options(.emqx58Local, .none))
        #expect(found.isEmpty)
    }

    /// Fails if a sync of the timer leaves out what was committed before it.
    @Test func syncedEverySoOftenOnlyTheLastIntervalMayBeLost() throws {
        let options = Self.options(.emqx58Local, .interval(.milliseconds(10)))
        let found = try Self.survivors(of: 0..<200, options) { store in
            // One timer goes round all shards and syncs each that has commits, once a round: so many syncs are two
            // whole rounds at least, and what was committed before the first of them is synced.
            let before = store.timedSyncs
            var next = 200
            try wait("two rounds of the timer") {
                if store.depth == 0 {
                    for message in Self.messages(next..<next + 5) { store.submit(message) }
                    next += 5
                }
                return store.timedSyncs > before + 2 * Self.shards
            }
        }
        #expect(found.isSuperset(of: Self.texts(0..<200)))
    }

    /// Checklist 25. Fails if a batch is applied before its entry is synced.
    @Test func whatTheSharedLogHasIsThere() throws {
        let found = try Self.survivors(of: 0..<200, Self.options(.emqx58Raft, .none))
        #expect(found == Self.texts(0..<200))
    }
}
