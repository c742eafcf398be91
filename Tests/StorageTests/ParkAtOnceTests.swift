import Layout
import Measure
import Storage
import TestSupport
import Testing

/// A question where all that came was read waits at once: no worker looks for what cannot be there.
@Suite struct ParkAtOnceTests {
    private static func open(_ scratch: borrowing ScratchDirectory) throws -> ShardedStore {
        var options = StoreOptions.test()
        options.engine.reading.parksAtOnce = true
        let store = try ShardedStore(at: scratch.path, options, on: RocksEngine())
        try store.store(["mine", "other"])
        return store
    }

    /// Fails if a worker looks first, or if who waits so is not woken.
    @Test func whoHasReadEverythingWaitsWithoutAScan() throws {
        let scratch = ScratchDirectory()
        let store = try Self.open(scratch)
        defer { store.close() }
        var asker = try Asker("mine", of: store)
        asker.patience = .seconds(3_600)
        asker.ask(asker.cursors(after: store.now(in: 0)))
        #expect(store.waitingPolls == 1, "it waits when `request` returns")
        #expect(store.readCounters.scans == 0)

        try store.store(["other"])
        #expect(store.waitingPolls == 1)
        try store.store(["mine"])
        var replies: [ReadReply] = []
        try wait("it is answered") {
            replies += store.takeReplies()
            return !replies.isEmpty
        }
        #expect(try replies.map { try $0.texts } == [["c:0 mine"]])
        #expect(store.readCounters.scans == 1)
    }

    /// Fails if the last commit to the stream is not compared with where the question begins.
    @Test func whoIsBehindIsAnsweredFromWhatIsThere() throws {
        let scratch = ScratchDirectory()
        let store = try Self.open(scratch)
        defer { store.close() }
        var asker = try Asker("mine", of: store)
        asker.patience = .seconds(3_600)
        asker.ask(asker.cursors(after: 0))
        var replies: [ReadReply] = []
        try wait("it is answered") {
            replies += store.takeReplies()
            return !replies.isEmpty
        }
        #expect(try replies.map { try $0.texts } == [["c:0 mine"]])
    }
}
