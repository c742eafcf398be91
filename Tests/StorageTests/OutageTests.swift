import Foundation
import Layout
import MQTT
import Measure
import Storage
import TestSupport
import Testing

/// Reading on after an outage, and over damage.
@Suite struct OutageTests {
    private static let options = StoreOptions.test(["local_write_buffer.max_items": 40])

    private static func texts(_ range: Range<Int>) -> [String] { range.map { "t/\($0 % 30)" } }

    /// Its topic has a stream of its own.
    private static func isAlone(_ text: String) -> Bool {
        (Int(text.drop { $0 != "/" }.dropFirst()) ?? 0) < 10
    }

    /// What a session had been given and not acknowledged is read again by its two ends, and is the same after
    /// a kill, though more was stored since (reference 4.3); then reading goes on as if nothing had been.
    @Test func aBatchIsReadAgainByItsEndsAfterAKill() async throws {
        let scratch = ScratchDirectory()
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = scratch.path as String] in
            let store = try ShardedStore(at: path + "/data", OutageTests.options, on: RocksEngine())
            try store.store(OutageTests.texts(0..<300))
            var asker = try Asker("t/+", of: store)
            asker.limit = 50
            // Of the topics that share a stream; the first ten have one each.
            let longest = StreamCursor(
                stream: try #require(Asker("t/25", of: store).cursors().first).stream, after: 0)
            let first = try asker.answer([longest])
            let second = try asker.answer(first.cursors)
            let lines =
                [
                    "\(longest.stream.rawValue)", "\(first.cursors[0].after)",
                    "\(second.cursors[0].after)",
                ] + (try second.texts)
            try lines.joined(separator: "\n").write(
                toFile: path + "/noted", atomically: true, encoding: .utf8)
            try store.store(OutageTests.texts(300..<400), client: "later")
            kill(getpid(), SIGKILL)
        }
        let lines = try String(contentsOfFile: scratch("noted"), encoding: .utf8)
            .split(separator: "\n").map(String.init)
        let numbers = lines.prefix(3).compactMap { UInt64($0) }
        try #require(numbers.count == 3)
        let (stream, begin, end) = (StreamID(rawValue: numbers[0]), numbers[1], numbers[2])
        #expect(lines.count == 53, "a full batch")

        let store = try ShardedStore(at: scratch("data"), Self.options, on: RocksEngine())
        defer { store.close() }
        var asker = try Asker("t/+", of: store)
        // Though it would wait: what is yet to come is not for it.
        asker.patience = .seconds(3_600)
        let again = try asker.answer([StreamCursor(stream: stream, after: begin, through: end)])
        #expect(try again.texts == Array(lines.dropFirst(3)))
        #expect(again.complete == 1 && again.cursors[0].after == end)
        let empty = try asker.answer([StreamCursor(stream: stream, after: end, through: end)])
        #expect(empty.messages.messages.isEmpty && empty.complete == 1)

        // On from there, each message once.
        let all =
            (0..<300).map { "c:\($0) t/\($0 % 30)" }.filter { !Self.isAlone($0) }
            + (0..<100).map { "later:\($0) t/\($0 % 30)" }.filter { !Self.isAlone($0) }
        var rest: [String] = []
        var cursor = StreamCursor(stream: stream, after: end)
        asker.patience = nil
        while true {
            let reply = try asker.answer([cursor])
            rest += try reply.texts
            cursor = reply.cursors[0]
            if reply.complete == 1 { break }
        }
        let before = try asker.answer([StreamCursor(stream: stream, after: 0, through: begin)])
        let whole = try (before.texts + again.texts + rest).sorted()
        #expect(whole == all.sorted())
        #expect(whole.count > 250)
    }

    /// A row that exists and is newer than what was promised is not seen.
    @Test func whatIsNewerThanThePromiseIsNotRead() throws {
        let scratch = ScratchDirectory()
        try {
            let store = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
            defer { store.close() }
            try store.store(["t", "t"])
        }()
        try {
            let shard = try RawShard(at: scratch("0"), Self.options)
            let message = try #require(try shard.messages(with: "c:1 t").first)
            var key: [UInt8] = []
            key.appendDataKey(
                message.key.stream, timestamp: message.key.timestamp + 3_600_000_000)
            try shard.put(key, message.value)
        }()
        let store = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
        defer { store.close() }
        #expect(try store.rows(matching: "t").map(\.text) == ["c:0 t", "c:1 t"])
        #expect(store.readCounters.futures == 1)
    }

    /// One message that cannot be decoded is one error that says which, and the others are read.
    @Test func aDamagedMessageIsOneErrorAndIsPassedOver() throws {
        let scratch = ScratchDirectory()
        try {
            let store = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
            defer { store.close() }
            try store.store(["t", "t", "t", "u"])
        }()
        let damaged = try {
            let shard = try RawShard(at: scratch("0"), Self.options)
            let message = try #require(try shard.messages(with: "c:1 t").first)
            var key: [UInt8] = []
            key.appendDataKey(message.key.stream, timestamp: message.key.timestamp)
            try shard.put(key, Array(message.value.prefix(20)))
            return message.key
        }()
        let engine = RocksEngine()
        let store = try ShardedStore(at: scratch.path, Self.options, on: engine)
        defer { store.close() }
        for _ in 0..<3 {
            let rows = try store.rows(matching: "#")
            #expect(Set(rows.map(\.text)) == ["c:0 t", "c:2 t", "c:3 u"])
        }
        let failure = try #require(store.failure)
        #expect(failure.lost == 1, "it is one, however often it is met")
        let sentence = failure.description
        #expect(
            sentence.contains("\(damaged.stream)") && sentence.contains("\(damaged.timestamp)")
                && sentence.contains("shard 0") && !sentence.contains("\n"), "\(sentence)")
        #expect(store.readCounters.damaged == 3 && engine.openIterators == 0)
    }

    /// A key that no version writes ends the reading of its stream with an error, and of no other.
    @Test func anImpossibleKeyIsRefused() throws {
        let scratch = ScratchDirectory()
        try {
            let store = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
            defer { store.close() }
            try store.store(["t", "u"])
        }()
        let stream = try {
            let shard = try RawShard(at: scratch("0"), Self.options)
            let message = try #require(try shard.messages(with: "c:0 t").first)
            var key: [UInt8] = []
            key.appendDataKey(message.key.stream, timestamp: message.key.timestamp + 1)
            try shard.put(key + [7], [])
            return message.key.stream
        }()
        let engine = RocksEngine()
        let store = try ShardedStore(at: scratch.path, Self.options, on: engine)
        defer { store.close() }
        var asker = try Asker("#", of: store)
        asker.patience = .seconds(3_600)
        let reply = try asker.answer([StreamCursor(stream: stream, after: 0)])
        #expect(reply.outcome == .refused && reply.complete == 1)
        #expect(try reply.texts == ["c:0 t"], "what was read before counts")
        let sentence = try #require(store.failure).description
        #expect(sentence.contains("\(stream)") && !sentence.contains("\n"), "\(sentence)")
        #expect(try store.rows(matching: "u").map(\.text) == ["c:1 u"])
        #expect(engine.openIterators == 0)
    }

    @Test func aGenerationThatIsNotThereIsGone() throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
        defer { store.close() }
        try store.store(["t"])
        let asker = try Asker("t", of: store)
        let stream = try #require(asker.cursors().first).stream
        let reply = try asker.answer([StreamCursor(stream: stream, generation: 2, after: 0)])
        #expect(reply.outcome == .gone && reply.complete == 1)
        #expect(reply.messages.messages.isEmpty && store.failure == nil)
    }
}
