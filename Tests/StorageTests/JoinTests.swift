import Knobs
import Layout
import MQTT
import Measure
import Storage
import TestSupport
import Testing

/// The index of a stream leads to the messages that a filter wants, and to no others (reference 4.2).
@Suite struct JoinTests {
    /// 40 × 40 topics on one stream with two varying levels, after those that taught the shard that they vary.
    private static func grid() -> [String] {
        (0..<1_600).map { "plant/m\($0 / 40)/sensor/s\($0 % 40)/value" }
    }

    private static func open(
        _ scratch: borrowing ScratchDirectory, reading: ReadModel = ReadModel(),
        _ format: RowFormat = RowFormat(), on engine: RocksEngine = RocksEngine()
    ) throws -> ShardedStore {
        var options = StoreOptions.test(["local_write_buffer.max_items": 200])
        options.engine.reading = reading
        options.format = format
        return try ShardedStore(at: scratch.path, options, on: engine)
    }

    /// Of the stream where both levels vary, the only one that a filter with two new tokens leads to.
    private static func cursor(_ asker: Asker) throws -> StreamCursor {
        let stream = try #require(
            Asker("plant/new/sensor/new/value", of: asker.store).cursors().first
        ).stream
        return try #require(asker.cursors().first { $0.stream == stream })
    }

    /// Checklist 18. Readers: five workers per shard, batches of 100, one iterator for each constrained level
    /// and one for the messages, opened and closed for each scan.
    ///
    /// Fails if a scan takes another batch than it is told, keeps an iterator open, opens one for a level where
    /// any token will do, or leaves the index aside and reads the whole stream.
    @Test(arguments: [RowFormat(), RowFormat(values: .asn1, keys: .skipstreamV2)])
    func eachScanOpensOneIteratorPerConstrainedLevelAndOneForMessages(_ format: RowFormat) throws {
        let emqx5 = ReadModel(workersPerShard: 5, batch: 100)
        #expect(EngineModel.emqx58Local.reading == emqx5)
        var parked = EngineModel.article.reading
        parked.parksAtOnce = false
        #expect(parked == emqx5)
        let emqx6 = ReadModel(workersPerShard: 10, batch: 1_000)
        #expect(
            EngineModel.emqx60Local.reading == emqx6 && EngineModel.emqx611Raft.reading == emqx6)
        let scratch = ScratchDirectory()
        let engine = RocksEngine()
        let store = try Self.open(scratch, format, on: engine)
        defer { store.close() }
        try store.store(Self.grid() + Self.grid())
        // A filter, the levels that it constrains, and the messages that it wants on the stream of both.
        let cases = [
            (filter: "plant/+/sensor/+/value", levels: 0, messages: 1_800),
            ("plant/m30/sensor/+/value", 1, 60), ("plant/+/sensor/s30/value", 1, 60),
            ("plant/m30/sensor/s31/value", 2, 2), ("plant/m30/sensor/absent/value", 2, 0),
        ]
        for (filter, levels, messages) in cases {
            var asker = try Asker(filter, of: store)
            asker.limit = 10_000
            var cursor = try Self.cursor(asker)
            let opened = engine.openedIterators
            let before = store.readCounters
            var read = 0
            var complete = false
            while !complete {
                let reply = try asker.answer([cursor])
                #expect(reply.messages.messages.count <= 100)
                read += reply.messages.messages.count
                cursor = reply.cursors[0]
                complete = reply.complete == 1
            }
            let after = store.readCounters
            let scans = after.scans - before.scans
            #expect(read == messages, "\(filter)")
            #expect(scans == messages / 100 + 1, "\(filter)")
            #expect(engine.openedIterators - opened == scans * (levels + 1), "\(filter)")
            #expect(engine.openIterators == 0)
            let rows = after.dataRows - before.dataRows
            #expect(rows >= messages && rows <= messages + scans, "\(filter) read \(rows) rows")
            #expect(after.hits - before.hits == messages)
            #expect(after.hashCollisions == before.hashCollisions)
            #expect((after.indexRows > before.indexRows) == (levels > 0))
        }
        #expect(store.readCounters.workersMax <= 5)
    }

    /// Two levels that are often present and never together: the iterators leap over what the others lack.
    @Test func levelsThatNeverMeetCostNoMessage() throws {
        let scratch = ScratchDirectory()
        let store = try Self.open(scratch)
        defer { store.close() }
        try store.store(Self.grid())
        // 200 messages of one token, then 200 of the other; a scan of either would read 200 rows.
        try store.store((0..<200).map { "plant/left/sensor/x\($0)/value" })
        try store.store((0..<200).map { "plant/y\($0)/sensor/right/value" })
        let asker = try Asker("plant/left/sensor/right/value", of: store)
        let before = store.readCounters
        let reply = try asker.answer([try Self.cursor(asker)])
        #expect(reply.messages.messages.isEmpty && reply.complete == 1)
        let after = store.readCounters
        #expect(after.dataRows == before.dataRows)
        #expect(after.seeks - before.seeks <= 4 && after.nexts == before.nexts)
        #expect(after.misses - before.misses == 1)
    }

    /// Eight bytes of a hash do not tell all tokens apart; the topic does.
    @Test func aHashCollisionIsNotDelivered() throws {
        let scratch = ScratchDirectory()
        let options = StoreOptions.test()
        try {
            let store = try Self.open(scratch)
            defer { store.close() }
            try store.store(Self.grid())
        }()
        try {
            let shard = try RawShard(at: scratch("0"), options)
            let other = try #require(try shard.messages(with: "plant/m31/sensor/s31/").first)
            var key: [UInt8] = []
            let token = Array("m30".utf8)
            key.appendIndexKey(
                other.key.stream, level: 1, token: TokenHash(of: token.span.bytes),
                timestamp: other.key.timestamp)
            try shard.put(key, [])
        }()
        let store = try Self.open(scratch)
        defer { store.close() }
        let rows = try store.rows(matching: "plant/m30/sensor/+/value")
        #expect(rows.count == 40 && rows.allSatisfy { $0.topic.contains("/m30/") })
        #expect(store.readCounters.hashCollisions == 1)
        #expect(store.failure == nil)
    }

    /// Neither how much is read at once nor by how many changes what is read; two filters of one session that
    /// want the same message get it once.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func batchesWorkersAndConstraintsDoNotChangeAnswers(_ run: UInt64) throws {
        let root = Seed(run)
        var seed = root.branch("join")
        func pick(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &seed) }
        let reading = ReadModel(
            workersPerShard: [1, 2, 5][pick(3)], batch: [1, 3, 100, 1_000][pick(4)])
        let scratch = ScratchDirectory()
        let engine = RocksEngine()
        let format = AnswersTests.formats[Int(run - 1)]
        let store = try Self.open(scratch, reading: reading, format, on: engine)
        defer { store.close() }
        let model = MemoryStore(shards: 1)
        for number in 0..<1_500 {
            let topic = "a/\(pick(30))/b/\(pick(20))/\(pick(15))"
            let message = Message(
                client: "c\(pick(3))", topic: topic, payload: Array("c\(number):\(number)".utf8))
            store.submit(message)
            model.submit(message)
        }
        try wait("all committed") { store.committed == 1_500 }
        var read = 0
        for _ in 0..<12 {
            // One to three filters of a session, each with some levels named.
            let filters = try (0...pick(3)).map { _ in
                let levels = [30, 20, 15].map { pick(3) > 0 ? "+" : "\(pick($0))" }
                return try TopicFilter("a/\(levels[0])/b/\(levels[1])/\(levels[2])")
            }
            let limit = 1 + pick(200)
            let expected = try Self.everything(filters, in: model, limit: 10_000)
            let got = try Self.everything(filters, in: store, limit: limit)
            let label = "seed \(run), \(reading), \(filters.map(\.text)), limit \(limit)"
            #expect(got.count == expected.count, "\(label)")
            #expect(lanes(got) == lanes(expected), "\(label)")
            read += got.count
        }
        #expect(read > 100, "seed \(run): the filters match next to nothing")
        #expect(engine.openIterators == 0)
        #expect(store.failure == nil)
    }

    private static func everything(
        _ filters: [TopicFilter], in store: any DurableStore, limit: Int
    ) throws -> [Row] {
        var merged: [StreamCursor] = []
        for filter in filters {
            for cursor in store.cursors(in: 0, matching: filter, after: 0) {
                if let place = merged.firstIndex(where: { $0.address == cursor.address }) {
                    merged[place].widen(by: cursor.constraints)
                } else {
                    merged.append(cursor)
                }
            }
        }
        var rows: [Row] = []
        while !merged.isEmpty {
            store.request(
                ReadRequest(
                    session: 0, epoch: 0, shard: 0, cursors: merged,
                    wanted: filters.map { Wanted(filter: $0, qos: .exactlyOnce) }, limit: limit))
            var replies: [ReadReply] = []
            try wait("an answer") {
                replies = store.takeReplies()
                return !replies.isEmpty
            }
            #expect(replies[0].messages.messages.count <= limit)
            rows += try replies[0].rows
            merged = Array(replies[0].cursors.dropFirst(replies[0].complete))
        }
        return rows
    }

    /// What one subscription wants as a whole is not looked for in the index for another.
    @Test func aConstraintThatAnotherCoversIsNotRead() throws {
        func constraint(_ tokens: String?...) -> StreamConstraint {
            StreamConstraint(tokens: tokens.map { $0.map { Array($0.utf8) } })
        }
        func merged(_ constraints: StreamConstraint...) -> [StreamConstraint] {
            StreamCursor(stream: StreamID(rawValue: 1), after: 0, constraints: constraints)
                .constraints
        }
        #expect(merged(constraint("a", nil), constraint("a", "b")) == [constraint("a", nil)])
        #expect(merged(constraint("a", "b"), constraint("a", nil)) == [constraint("a", nil)])
        #expect(merged(constraint("a", nil), constraint(nil, "b")).count == 2)
        #expect(merged(constraint("a", nil), constraint(nil, nil)).isEmpty)
        #expect(merged(constraint(nil, nil), constraint("a", nil)).isEmpty)
        #expect(merged(constraint("", nil), constraint(nil, nil)).isEmpty)
    }
}
