import Knobs
import Measure
import Storage
import Synchronization
import TestSupport
import Testing

/// Where an answer waits for the commit, a batch waits for nothing but its writer; and what comes in one turn
/// of an event loop is one batch.
@Suite struct GroupCommitTests {
    private static func options() -> StoreOptions {
        var setting = EngineModel.article.standardSetting
        setting["n_shards"] = 1
        setting["local_write_buffer.max_items"] = 100_000
        return StoreOptions(
            engine: .article, setting: setting,
            durability: Durability(acknowledgement: .onCommit, sync: .none))
    }

    private static func message(_ number: Int) -> Message {
        Message(client: "c", topic: "a/b", payload: Array("c:\(number)".utf8))
    }

    /// The writer may be on its way to sleep when a turn begins, and take a first message with it; not every time.
    ///
    /// Fails if `append` wakes the writer although wakes are held: it commits while the others still come.
    @Test func whatComesWhileWakesAreHeldIsOneCommit() throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(at: scratch.path, Self.options(), on: RocksEngine())
        defer { store.close() }
        store.measure(from: .now(), to: .now() + .seconds(600))
        let turn = 2_000
        var batches: [Int] = []
        for round in 1...20 where batches.last != 1 {
            let before = store.measured().flush.count
            store.hold()
            for number in 0..<turn { store.submit(Self.message(number)) }
            store.release(inPlace: false)
            try wait("a turn is committed") { store.committed(in: 0) == turn * round }
            batches.append(Int(store.measured().flush.count - before))
        }
        #expect(batches.last == 1, "batches of each turn: \(batches)")
    }

    /// Fails if `release` forgets the writer, or if a batch of the article's engine waits to be filled: nobody
    /// sends another message.
    @Test func aMessageThatComesAloneIsCommittedAlone() throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(at: scratch.path, Self.options(), on: RocksEngine())
        defer { store.close() }
        #expect(Self.options().batching.interval == .zero)
        let receipt = store.submit(Self.message(1))
        var settled: [Settlement] = []
        try wait("it is settled") {
            settled += store.takeSettled()
            return !settled.isEmpty
        }
        #expect(settled == [Settlement(lane: receipt.lane, through: receipt.position)])
    }

    /// Fails if a second listener takes the place of the first, or if one is told before the commit.
    @Test func everyListenerHearsOfACommit() throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(at: scratch.path, Self.options(), on: RocksEngine())
        defer { store.close() }
        let first = Ear(), second = Ear()
        store.onNews { first.heard.add(1, ordering: .relaxed) }
        store.onNews { second.heard.add(1, ordering: .relaxed) }
        store.submit(Self.message(1))
        try wait("both have heard") {
            first.heard.load(ordering: .relaxed) > 0 && second.heard.load(ordering: .relaxed) > 0
        }
        #expect(store.committed(in: 0) == 1)
    }
}

private final class Ear: Sendable {
    let heard = Atomic(0)
}
