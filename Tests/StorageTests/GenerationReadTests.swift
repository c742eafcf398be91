import Layout
import MQTT
import Measure
import Storage
import TestSupport
import Testing

/// Each generation is a place of its own to read from: streams, indexes, and polls that wait.
@Suite struct GenerationReadTests {
    private static func open(
        _ scratch: borrowing ScratchDirectory, _ format: RowFormat = RowFormat(),
        on engine: RocksEngine = RocksEngine()
    ) throws -> ShardedStore {
        var options = StoreOptions.test()
        options.format = format
        return try ShardedStore(at: scratch.path, options, on: engine)
    }

    private static func reply(of store: ShardedStore) throws -> ReadReply {
        var replies: [ReadReply] = []
        try wait("an answer") {
            replies += store.takeReplies()
            return !replies.isEmpty
        }
        return try #require(replies.first)
    }

    /// Fails if a poll goes on waiting where nothing can come, if a new generation's streams are not told, or
    /// if what came to it is looked for in the old one.
    @Test func aPollEndsWithItsGenerationAndTheNextOneIsFound() throws {
        let scratch = ScratchDirectory()
        let store = try Self.open(scratch)
        defer { store.close() }
        try store.store(["t"])
        var asker = try Asker("t", of: store)
        asker.patience = .seconds(3_600)
        let start = store.now(in: 0)
        let old = try #require(asker.cursors(after: start).first)
        #expect(old.address.generation == 1)
        asker.ask([old])
        try wait("it parks") { store.waitingPolls == 1 }
        #expect(store.takeReplies().isEmpty)

        let streams = store.streamCount(in: 0)
        try store.addGeneration()
        let end = try Self.reply(of: store)
        #expect(end.over == [0] && end.complete == 1 && end.outcome == .read)
        #expect(end.messages.messages.isEmpty && store.waitingPolls == 0)
        #expect(store.readCounters.pollsExpired == 0)
        // Also who asks later does not wait.
        #expect(try asker.answer([old]).over == [0])

        try store.store(["t"], client: "later")
        #expect(store.streamCount(in: 0) > streams)
        let cursors = asker.cursors(after: start)
        #expect(cursors.map(\.address.generation) == [2], "the old one ended before it")
        let next = try asker.answer(cursors)
        #expect(try next.texts == ["later:0 t"])
        #expect(next.over.isEmpty)
        #expect(asker.cursors().map(\.address.generation) == [1, 2], "the oldest first")
    }

    /// The streams that are copied to a new generation count at once: their messages are found.
    @Test(arguments: AnswersTests.formats) func aCopiedStreamIsReadInBothByItsIndex(
        _ format: RowFormat
    ) throws {
        let scratch = ScratchDirectory()
        let store = try Self.open(scratch, format)
        defer { store.close() }
        let topics = (0..<200).map { "plant/m\($0 % 50)/value" }
        try store.store(topics, client: "old")
        let streams = store.streamCount(in: 0)
        try store.addGeneration()
        #expect(store.streamCount(in: 0) == streams + 1, "what varies")
        try store.store(topics, client: "new")
        let asker = try Asker("plant/m40/value", of: store)
        let cursors = asker.cursors()
        #expect(cursors.map(\.address.generation) == [1, 2])
        #expect(
            Set(cursors.map(\.stream)).count == 1 && cursors.allSatisfy { !$0.constraints.isEmpty })
        let before = store.readCounters
        let reply = try asker.answer(cursors)
        #expect(reply.complete == 2 && reply.over == [0])
        let clients = try reply.rows.map(\.client)
        #expect(clients == Array(repeating: "old", count: 4) + Array(repeating: "new", count: 4))
        #expect(try reply.rows.allSatisfy { $0.topic == "plant/m40/value" })
        let after = store.readCounters
        #expect(after.dataRows - before.dataRows == 8, "the index led to them")
        #expect(store.failure == nil)
    }

    /// Fails if a dropped generation is an error, an empty answer, or something to wait for.
    @Test func aDroppedGenerationIsGone() throws {
        let scratch = ScratchDirectory()
        let engine = RocksEngine()
        let store = try Self.open(scratch, on: engine)
        defer { store.close() }
        try store.store(["t", "t"])
        var asker = try Asker("t", of: store)
        asker.limit = 1
        asker.patience = .seconds(3_600)
        let first = try asker.answer(asker.cursors())
        #expect(try first.texts == ["c:0 t"])
        try store.addGeneration()
        try store.dropGeneration(1)
        let gone = try asker.answer(first.cursors)
        #expect(gone.outcome == .gone && gone.messages.messages.isEmpty)
        #expect(store.failure == nil && engine.openIterators == 0)
        #expect(asker.cursors().isEmpty)
    }

    /// A store that is opened knows which generations have ended.
    @Test func anEndedGenerationIsOverAfterARestart() throws {
        let scratch = ScratchDirectory()
        try {
            let store = try Self.open(scratch)
            defer { store.close() }
            try store.store(["t"])
            try store.addGeneration()
            try store.store(["t"], client: "later")
        }()
        let store = try Self.open(scratch)
        defer { store.close() }
        var asker = try Asker("t", of: store)
        asker.patience = .seconds(3_600)
        let cursors = asker.cursors()
        let old = try asker.answer([cursors[0]])
        #expect(try old.texts == ["c:0 t"])
        #expect(old.over.isEmpty || old.over == [0])
        #expect(try asker.answer(old.cursors).over == [0])
        let new = try asker.answer([cursors[1]])
        #expect(try new.texts == ["later:0 t"])
        asker.ask(new.cursors)
        try wait("the current one is waited for") { store.waitingPolls == 1 }
    }

    /// Generations begin and go while sessions read: each message is read once, in order, or is gone.
    @Test func generationsThatComeAndGoMeanwhileAreReadInOrder() throws {
        let scratch = ScratchDirectory()
        let engine = RocksEngine()
        let store = try Self.open(scratch, on: engine)
        defer { store.close() }
        let topics = (0..<20).map { "t/\($0)" }
        try store.store(topics)
        var asker = try Asker("t/+", of: store)
        asker.patience = .seconds(3_600)
        asker.limit = 7
        let start = store.now(in: 0)
        var known: Set<StreamAddress> = [], rows: [Row] = []
        func look() throws {
            for cursor in asker.cursors(after: start) where known.insert(cursor.address).inserted {
                asker.ask([cursor])
            }
            for reply in store.takeReplies() {
                rows += try reply.rows
                #expect(reply.outcome == .read)
                if reply.over.isEmpty { asker.ask(reply.cursors) }
            }
        }
        let rounds = 6
        for round in 0..<rounds {
            for number in 0..<200 {
                let topic = topics[number % topics.count]
                let text = "c:\(round * 200 + number)"
                store.submit(Message(client: "c", topic: topic, payload: Array(text.utf8)))
                if number % 20 == 0 { try look() }
            }
            try store.addGeneration()
            // Two that have been read to their end stay, so that nothing is lost.
            try wait("the round is read") {
                try look()
                return rows.count == (round + 1) * 200
            }
            if round >= 2 { try store.dropGeneration(round - 1) }
        }
        #expect(rows.count == rounds * 200)
        for (lane, rows) in lanes(rows) {
            let numbers = rows.compactMap { Int($0.text.dropFirst(2)) }
            #expect(numbers.count == rows.count && Set(numbers).count == numbers.count, "\(lane)")
        }
        #expect(store.failure == nil)
        store.close()
        #expect(engine.openIterators == 0)
    }
}
