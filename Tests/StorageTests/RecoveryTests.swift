import Foundation
import Layout
import MQTT
import Storage
import TestSupport
import Testing

/// What survives the end of a process.
@Suite struct RecoveryTests {
    private static let options = StoreOptions.test([
        "n_shards": 3, "local_write_buffer.max_items": 50,
    ])

    private static let messages: [Message] = (0..<3_000).map { number in
        let client = "client-\(number % 7)"
        return Message(
            client: client, topic: "site/\(number % 13)/device/\(number * 7 % 101)",
            payload: Array("\(client):\(number)".utf8))
    }

    private static func submitAll(to store: ShardedStore) throws {
        let before = store.committed
        for message in messages { store.submit(message) }
        try wait("all committed") { store.committed - before == messages.count && store.depth == 0 }
    }

    @Test func committedSurvivesKill() async throws {
        let scratch = ScratchDirectory()
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = scratch.path as String] in
            let store = try ShardedStore(at: path, RecoveryTests.options, on: RocksEngine())
            try RecoveryTests.submitAll(to: store)
            kill(getpid(), SIGKILL)
        }
        let store = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
        defer { store.close() }
        let model = MemoryStore(shards: 3)
        for message in Self.messages { model.submit(message) }
        #expect(try lanes(store.rows(matching: "#")) == lanes(model.rows(matching: "#")))
    }

    /// The streams after a restart are those learned before: messages of the same topics join them.
    @Test func theLearnedTrieIsUsedAfterReopening() throws {
        let scratch = ScratchDirectory()
        let all = try TopicFilter("#")
        func streams(of store: ShardedStore) -> [Set<StreamID>] {
            (0..<3).map { Set(store.streams(in: $0, matching: all)) }
        }
        let before = try {
            let store = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
            defer { store.close() }
            try Self.submitAll(to: store)
            return streams(of: store)
        }()
        var expected = [TopicTrie](repeating: TopicTrie(), count: 3)
        for message in Self.messages {
            var key = TopicKey(), rows = RowBuffer()
            let topic = Array(message.topic.utf8)
            expected[publisher(message.client, shards: 3).shard]
                .find(topic.span.bytes, into: &key, learning: &rows)
        }
        #expect(before.map(\.count) == expected.map(\.streamCount))
        #expect(before.allSatisfy { $0.count > 10 })

        let store = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
        defer { store.close() }
        #expect(streams(of: store) == before)
        try Self.submitAll(to: store)
        #expect(streams(of: store) == before)
        let rows = try lanes(store.rows(matching: "site/+/device/#"))
        for (lane, rows) in rows {
            let half = rows.count / 2
            #expect(rows.prefix(half).map(\.payload) == rows.suffix(half).map(\.payload), "\(lane)")
        }
        #expect(rows.values.reduce(0) { $0 + $1.count } == 2 * Self.messages.count)
    }

    /// Two stores in one directory would destroy it: the second one is refused, with a sentence.
    @Test func aSecondOpenerIsRefused() async throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
        defer { store.close() }
        await #expect(processExitsWith: .success) { [path = scratch.path as String] in
            let error = #expect(throws: StoreOpenError.self) {
                _ = try ShardedStore(at: path, RecoveryTests.options, on: RocksEngine())
            }
            let sentence = try #require(error).description
            #expect(sentence.contains(path) && sentence.lowercased().contains("lock"))
            #expect(error?.problem == .inUse && sentence.contains("another process"))
            #expect(!sentence.contains("\n"))
        }
    }

    @Test func aFileInTheWayIsRefused() throws {
        let scratch = ScratchDirectory()
        try Data().write(to: URL(fileURLWithPath: scratch("0")))
        let error = #expect(throws: StoreOpenError.self) {
            _ = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
        }
        #expect(error?.path == scratch("0"))
    }
}
