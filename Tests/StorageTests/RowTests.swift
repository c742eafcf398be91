import Foundation
import Layout
import MQTT
import Storage
import TestSupport
import Testing

/// What a message leaves in the database (reference 3.5): one data row, and one row in the index of every
/// varying level. `LayoutTests` compare the bytes of keys and values with EMQX's.
@Suite struct RowTests {
    /// A key of the data column family and the size of its value.
    private struct Row: Hashable {
        let key: [UInt8]
        let isEmpty: Bool
    }

    @Test func everyVaryingLevelIsIndexed() throws {
        let scratch = ScratchDirectory()
        let topics = (0..<400).map { "site/\($0 % 25)/line/\($0 / 25)" }
        let options = StoreOptions.test()
        try {
            let store = try ShardedStore(at: scratch.path, options, on: RocksEngine())
            defer { store.close() }
            for topic in topics { store.submit(Message(client: "c", topic: topic, payload: [1])) }
        }()
        let rows = try rows(at: scratch("0"), options)
        let times = rows.filter { !$0.isEmpty }.map { Array($0.key.suffix(8)) }.sorted {
            $0.lexicographicallyPrecedes($1)
        }
        #expect(times.count == topics.count)
        #expect(Set(times).count == topics.count, "timestamps are unique in a shard")

        // Timestamps rise in the order of submission, so the n-th belongs to the n-th message.
        var trie = TopicTrie(), key = TopicKey(), learned = RowBuffer()
        var expected: Set<Row> = []
        var levels = [0, 0, 0]
        for (topic, time) in zip(topics, times) {
            let name = Array(topic.utf8)
            trie.find(name.span.bytes, into: &key, learning: &learned)
            let timestamp = time.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            levels[key.varying.count] += 1
            var data: [UInt8] = []
            data.appendDataKey(key.stream, timestamp: timestamp)
            expected.insert(Row(key: data, isEmpty: false))
            for (place, range) in key.varying.enumerated() {
                var index: [UInt8] = []
                index.appendIndexKey(
                    key.stream, level: place + 1,
                    token: TokenHash(of: name.span.bytes.extracting(range)), timestamp: timestamp)
                expected.insert(Row(key: index, isEmpty: true))
            }
        }
        #expect(levels.allSatisfy { $0 > 10 }, "messages with 0, 1 and 2 varying levels: \(levels)")
        #expect(Set(rows) == expected)
        #expect(rows.count == expected.count)
    }

    /// All rows of the data column family of a store that is closed.
    private func rows(at path: String, _ options: StoreOptions) throws -> [Row] {
        let families = options.engine.families.map { ColumnFamily(name: $0, options: "") }
        let database = try Database(
            path: path, shard: 0, options: OptionText.print(options.databaseOptions),
            families: families, on: RocksEngine())
        var cursor = Cursor(database, family: EngineModel.Family.data)
        cursor.seek(UnsafeRawBufferPointer(start: nil, count: 0))
        var rows: [Row] = []
        while let row = try cursor.current({ Row(key: Array($0), isEmpty: $1.isEmpty) }) {
            rows.append(row)
            cursor.next()
        }
        return rows
    }
}
