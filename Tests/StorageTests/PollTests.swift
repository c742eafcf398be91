import Layout
import MQTT
import Measure
import Storage
import Synchronization
import TestSupport
import Testing

/// A poll that finds nothing waits for a commit that concerns it (reference 4.2).
@Suite struct PollTests {
    private static func open(
        _ scratch: borrowing ScratchDirectory, _ reading: ReadModel = ReadModel(),
        on engine: RocksEngine = RocksEngine()
    ) throws -> ShardedStore {
        var options = StoreOptions.test()
        options.engine.reading = reading
        return try ShardedStore(at: scratch.path, options, on: engine)
    }

    /// Fails if a commit to another stream reads for it, if its own does not wake it, or if all are woken by
    /// a scan of their own.
    @Test func aPollIsWokenByACommitToItsStreamAndByNoOther() throws {
        let scratch = ScratchDirectory()
        let engine = RocksEngine()
        let store = try Self.open(scratch, on: engine)
        defer { store.close() }
        try store.store(["mine", "other"])
        let askers = try (0..<50).map { number in
            var asker = try Asker("mine", of: store, session: number)
            asker.patience = .seconds(3_600)
            return asker
        }
        for asker in askers { asker.ask(asker.cursors(after: store.now(in: 0))) }
        try wait("all park") { store.waitingPolls == 50 }
        #expect(engine.openIterators == 0, "who waits keeps nothing open")
        let before = store.readCounters
        try store.store(["other", "other", "new"])
        #expect(store.waitingPolls == 50)
        #expect(store.readCounters.scans == before.scans)
        #expect(store.takeReplies().isEmpty)

        try store.store(["mine"])
        var replies: [ReadReply] = []
        try wait("all are answered") {
            replies += store.takeReplies()
            return replies.count == 50
        }
        #expect(Set(replies.map(\.session)) == Set(0..<50))
        for reply in replies {
            #expect(try reply.texts == ["c:0 mine"])
            #expect(reply.complete == 1 && reply.outcome == .read)
        }
        let after = store.readCounters
        #expect(after.scans == before.scans + 1, "they ask for the same and share one scan")
        #expect(after.served == before.served + 50)
        #expect(after.pollsFulfilled == 50 && after.pollsExpired == 0)
        #expect(after.pollRequests == 50 && store.waitingPolls == 0)
    }

    /// A commit that brings what its filter does not want answers nothing.
    @Test func aPollIsNotAnsweredWithWhatItDoesNotWant() throws {
        let scratch = ScratchDirectory()
        let store = try Self.open(scratch)
        defer { store.close() }
        try store.store((0..<200).map { "t/\($0)" })
        var asker = try Asker("t/150", of: store)
        asker.patience = .seconds(3_600)
        asker.ask(asker.cursors(after: store.now(in: 0)))
        try wait("it parks") { store.waitingPolls == 1 }
        let scans = store.readCounters.scans
        try store.store(["t/151", "t/152"])
        try wait("it was looked at, and parks again") {
            store.readCounters.scans == scans + 1 && store.waitingPolls == 1
        }
        #expect(store.takeReplies().isEmpty)
        try store.store(["t/150"])
        var replies: [ReadReply] = []
        try wait("an answer") {
            replies += store.takeReplies()
            return !replies.isEmpty
        }
        #expect(try replies[0].texts == ["c:0 t/150"])
    }

    @Test func aPollWhoseTimeIsOverIsAnsweredWithNothing() throws {
        let scratch = ScratchDirectory()
        let store = try Self.open(scratch)
        defer { store.close() }
        try store.store(["t"])
        let now = store.now(in: 0)
        var patient = try Asker("t", of: store, session: 1)
        patient.patience = .seconds(3_600)
        patient.ask(patient.cursors(after: now))
        var asker = try Asker("t", of: store, session: 2)
        for time in [Nanoseconds.milliseconds(20), .milliseconds(5), .milliseconds(0)] {
            asker.patience = time
            let reply = try asker.answer(asker.cursors(after: now))
            #expect(reply.session == 2)
            #expect(reply.messages.messages.isEmpty && reply.complete == 1)
            #expect(reply.cursors[0].after == now)
        }
        #expect(store.readCounters.pollsExpired == 3 && store.waitingPolls == 1)
        // Who does not wait is answered at once, and has not expired.
        asker.patience = nil
        #expect(try asker.answer(asker.cursors(after: now)).messages.messages.isEmpty)
        #expect(try asker.answer([]).complete == 0)
        #expect(store.readCounters.pollsExpired == 3)
        // Of one that expired, nothing is left that a commit could wake.
        try store.store(["t"])
        var replies: [ReadReply] = []
        try wait("the patient one is answered") {
            replies += store.takeReplies()
            return !replies.isEmpty
        }
        #expect(replies.map(\.session) == [1])
    }

    /// Fails, by never ending, if a thread is left waiting.
    @Test func closingEndsWhileQuestionsWait() throws {
        let scratch = ScratchDirectory()
        let engine = RocksEngine()
        let store = try Self.open(scratch, on: engine)
        try store.store(["t", "u"])
        var asker = try Asker("#", of: store)
        asker.patience = .seconds(86_400)
        for _ in 0..<20 {
            for cursor in asker.cursors(after: store.now(in: 0)) { asker.ask([cursor]) }
        }
        try wait("all park") { store.waitingPolls == 40 }
        store.close()
        #expect(engine.openIterators == 0)
        #expect(store.takeReplies().isEmpty)
        asker.ask(asker.cursors())
        #expect(store.takeReplies().isEmpty, "nobody reads any more")
    }

    /// More questions than workers may have waiting: they expire, and each is answered once.
    @Test func tooManyQuestionsAreLeftToExpire() throws {
        let scratch = ScratchDirectory()
        let store = try Self.open(scratch, ReadModel(workersPerShard: 1, pendingPerWorker: 10))
        defer { store.close() }
        try store.store((0..<300).map { _ in "t" })
        let first = try #require(try Asker("t", of: store).cursors().first)
        for number in 0..<1_000 {
            var asker = try Asker("t", of: store, session: number)
            asker.patience = .milliseconds(50)
            // Each from a position of its own, so that none shares a scan.
            asker.ask([StreamCursor(stream: first.stream, after: UInt64(number))])
        }
        var replies: [ReadReply] = []
        try wait("all are answered") {
            replies += store.takeReplies()
            return replies.count == 1_000
        }
        #expect(Set(replies.map(\.session)).count == 1_000)
        let counters = store.readCounters
        #expect(counters.pollsDropped > 0)
        #expect(counters.pollsExpired == counters.pollsDropped)
        #expect(counters.pollsFulfilled == 1_000 - counters.pollsDropped)
        #expect(counters.workersMax == 1)
    }

    /// Sessions that read while others write: nothing is lost, read twice or out of order, with any number of
    /// workers and any batch.
    @Test(arguments: [ReadModel(workersPerShard: 1, batch: 1), ReadModel(), ReadModel(batch: 7)])
    func whatIsWrittenMeanwhileIsReadOnceAndInOrder(_ reading: ReadModel) async throws {
        let scratch = ScratchDirectory()
        let engine = RocksEngine()
        var options = StoreOptions.test(["n_shards": 2, "local_write_buffer.max_items": 23])
        options.engine.reading = reading
        let store = try ShardedStore(at: scratch.path, options, on: engine)
        defer { store.close() }
        let each = 600
        let topics = (0..<25).map { "t/\($0)" }
        // So that all streams are known.
        for client in 0..<4 { try store.store(topics, client: "c\(client)") }
        let starts = (0..<2).map { store.now(in: $0) }
        let filters = ["t/+", "t/3", "t/20", "t/21"]
        let askers = try filters.enumerated().map { number, filter in
            var asker = try Asker(filter, of: store, session: number)
            // With the patience of hours, a wake that is lost is never made up for.
            asker.patience = reading.batch == 1 ? .milliseconds(10) : .seconds(36_000)
            asker.limit = 11
            return asker
        }
        for asker in askers {
            for shard in 0..<2 {
                for cursor in asker.cursors(in: shard, after: starts[shard]) {
                    asker.ask([cursor], in: shard)
                }
            }
        }
        await withTaskGroup(of: Void.self) { group in
            for client in 0..<4 {
                group.addTask {
                    for number in 0..<each {
                        store.submit(
                            Message(
                                client: "c\(client)", topic: topics[number % topics.count],
                                payload: Array("c\(client):\(number)".utf8)))
                    }
                }
            }
        }
        var got = [[Row]](repeating: [], count: filters.count)
        let expected =
            [4 * each]
            + [3, 20, 21].map { place in
                4 * (0..<each).count { $0 % topics.count == place }
            }
        try wait("everything is read") {
            for reply in store.takeReplies() {
                let asker = askers[reply.session]
                let times = reply.messages.messages.map(\.timestamp)
                #expect(times == times.sorted() && Set(times).count == times.count)
                #expect(times.last.map { $0 <= reply.cursors[0].after } ?? true)
                got[reply.session] += try reply.rows
                asker.ask(reply.cursors, in: reply.shard)
            }
            return zip(got, expected).allSatisfy { $0.count >= $1 }
        }
        for (rows, count) in zip(got, expected) { #expect(rows.count == count) }
        for (lane, rows) in lanes(got[0]) {
            let numbers = rows.map { Int($0.text.drop { $0 != ":" }.dropFirst()) ?? -1 }
            #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count, "\(lane)")
        }
        store.close()
        #expect(engine.openIterators == 0)
        #expect(store.readCounters.workersMax <= reading.workersPerShard)
    }
}
