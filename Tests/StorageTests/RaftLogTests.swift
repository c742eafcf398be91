import Measure
import Storage
import TestSupport
import Testing

/// What a batch costs in the log that all shards share (reference 3.8).
@Suite struct RaftLogTests {
    private static let never: Int64 = 600_000
    /// The measured case: 200 bytes of payload, a topic of 36 and a client id of 9.
    private static let message = Message(
        client: "client-09", topic: String(repeating: "t", count: 36),
        payload: [UInt8](repeating: 7, count: 200))
    /// A record's 24 bytes of fields and 3 that name its writer.
    private static let framing = 27

    /// Checklist 15. Fails if a message or a batch is logged smaller than EMQX's term, for example without
    /// the padding, or if what the disk gets is counted by a formula and not by its bytes.
    @Test(arguments: [(messages: 1, command: 620.0), (1_000, 477_143)])
    func bytesInTheLogAreThoseMeasured(_ batch: (messages: Int, command: Double)) throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(
            at: scratch.path,
            .raft([
                "local_write_buffer.max_items": Int64(batch.messages + 1),
                "local_write_buffer.flush_interval": Self.never,
            ]), on: RocksEngine())
        defer { store.close() }
        // The first entry also names the writer and begins the file.
        for _ in 0...batch.messages { store.submit(Self.message) }
        try wait("the first batch") { store.committed == batch.messages }
        let before = store.loggedBytes
        for _ in 0..<2 * batch.messages { store.submit(Self.message) }
        try wait("two more") { store.committed == 3 * batch.messages }
        let each = Double(store.loggedBytes.count - before.count) / 2
        #expect(each == batch.command + Double(Self.framing))
        #expect(
            try logFiles(of: scratch.path, endingIn: ".wal").values.reduce(0, +)
                == Int(store.loggedBytes.count))
        if batch.messages == 1_000 {
            let perMessage = each / 1_000
            #expect(abs(perMessage - 477) < 4.77, "\(perMessage) B")
        }
    }

    /// Checklist 14. Fails if the batch is written with RocksDB's write-ahead log on, which would sync twice
    /// and write everything once more.
    @Test func nothingReachesRocksDBsOwnLog() throws {
        let scratch = ScratchDirectory()
        let engine = RocksEngine()
        let store = try ShardedStore(at: scratch.path, .raft(["n_shards": 2]), on: engine)
        defer { store.close() }
        let before = ["rocksdb.wal.bytes", "rocksdb.write.wal"].map(engine.ticker)
        for number in 0..<200 {
            store.submit(Message(client: "c\(number % 5)", topic: "t/\(number)", payload: [1]))
        }
        try wait("all committed") { store.committed == 200 }
        #expect(["rocksdb.wal.bytes", "rocksdb.write.wal"].map(engine.ticker) == before)
        #expect(store.loggedBytes.count > 200 * 232)
        #expect(try store.rows(matching: "t/#").count == 200)
    }

    /// Checklist 15. Fails if each shard or each entry is synced by itself: three shards that wait while a
    /// fourth is synced share the next write and the next fdatasync.
    @Test(arguments: [(most: 8_192, groups: 2), (most: 2, groups: 3), (most: 1, groups: 4)])
    func whatArrivesDuringASyncIsOneGroup(_ rule: (most: Int, groups: Int)) throws {
        let scratch = ScratchDirectory()
        let gate = Gate(at: .appended)
        var options = StoreOptions.raft(["n_shards": 4, "local_write_buffer.max_items": 1]) {
            $0.batchEntries = rule.most
        }
        options.logSteps = { gate.pass($0) }
        let store = try ShardedStore(at: scratch.path, options, on: RocksEngine())
        defer { store.close() }
        defer { gate.open() }
        func submit(to shard: Int) {
            store.submit(Message(client: client(in: shard, of: 4), topic: "t", payload: [1]))
        }
        submit(to: 0)
        try wait("the first group") { gate.reached == 1 }
        for shard in 1..<4 { submit(to: shard) }
        try wait("three more entries") { store.logCounts?.depth == 4 }
        #expect(store.committed == 0, "nothing is applied before it is synced")
        gate.open()
        try wait("all committed") { store.committed == 4 }
        let counts = try #require(store.logCounts)
        #expect(counts.groups == rule.groups)
        #expect(counts.syncs == rule.groups)
        #expect(counts.entries == 4)
        #expect(counts.depth == 0)
    }

    /// A batch waits for the log, also in what is measured; a declared round trip is part of it.
    @Test func theRoundTripOfAQuorumIsWaitedFor() throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(
            at: scratch.path,
            .raft(["local_write_buffer.max_items": 1]) { $0.roundTrip = .milliseconds(20) },
            on: RocksEngine())
        defer { store.close() }
        let now = MonotonicTime.now()
        store.measure(from: now, to: now + .seconds(600))
        for _ in 0..<3 { store.submit(Self.message) }
        try wait("all committed") { store.committed == 3 }
        let measured = store.measured()
        #expect(measured.logWait.count == 3)
        #expect(measured.flush.count == 3)
        #expect(MonotonicTime.now() - now >= .milliseconds(60))
    }

    /// RFC 1950's checksum, over more bytes than fit between two reductions.
    @Test func theChecksumIsAdler32() {
        func sum(_ bytes: [UInt8]) -> UInt32 {
            var sum = Adler32()
            bytes.withUnsafeBytes { sum.update($0) }
            return sum.value
        }
        #expect(sum([]) == 1)
        #expect(sum(Array("Wikipedia".utf8)) == 0x11E6_0398)
        let many = [UInt8](repeating: 255, count: 20_000)
        let a = (1 + 255 * 20_000) % 65_521
        let b = (20_000 + 255 * (20_000 * 20_001 / 2)) % 65_521
        #expect(sum(many) == UInt32(b << 16 | a))
    }
}
