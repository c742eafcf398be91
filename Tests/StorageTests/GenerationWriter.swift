import Foundation
import Layout
import MQTT
import Storage

/// Writes a shard with one or two generations row by row, as EMQX 5.8 lays them out, without the store's own
/// encoder.
enum GenerationWriter {
    static let families =
        ["default"]
        + (1...2).flatMap {
            [
                "emqx_ds_storage_skipstream_lts_data\($0)",
                "emqx_ds_storage_skipstream_lts_trie\($0)",
            ]
        }
    /// 2025-01-01 in microseconds, and a week.
    private static let start: UInt64 = 1_735_689_600_000_000
    private static let week: UInt64 = 7 * 86_400_000_000

    /// - Parameter dropIndexOf: a topic whose index rows are left out.
    static func write(to path: String, generations: Int = 1, dropIndexOf: String? = nil) throws {
        let database = try open(path, generations)
        var batch = WriteBatch(for: database)
        var trie = TopicTrie(), learned: [(key: [UInt8], value: [UInt8])] = []
        // Ten tokens get edges of their own; the others vary.
        try add(
            (0..<14).map { "dev/\($0)" } + ["dev/12"], at: start, 1, &trie, &learned, dropIndexOf,
            &batch)
        if generations == 2 {
            let inherited = try learned.filter { try isOnTheVaryingPath($0, learned) }
            var restorer = TrieRestorer()
            for row in inherited {
                batch.put(row.key, row.value, family: 4)
                try restorer.add(key: row.key.span.bytes, value: row.value.span.bytes)
            }
            var next = try restorer.finish()
            try add(
                ["dev/99", "other", "dev/3"], at: start + week, 3, &next, &learned, nil, &batch)
        }
        try batch.commit()
    }

    /// Opens it as a broker would, and closes it.
    static func reopen(_ path: String) throws { _ = try open(path, 1) }

    private static func open(_ path: String, _ generations: Int) throws(RocksError) -> Database {
        try Database(
            path: path, shard: 0,
            options: "create_if_missing=true;create_missing_column_families=true;atomic_flush=true",
            families: families.prefix(1 + 2 * generations).map {
                ColumnFamily(name: $0, options: "")
            }, on: RocksEngine())
    }

    private static func add(
        _ topics: [String], at time: UInt64, _ family: Int, _ trie: inout TopicTrie,
        _ learned: inout [(key: [UInt8], value: [UInt8])], _ dropIndexOf: String?,
        _ batch: inout WriteBatch
    ) throws {
        var key = TopicKey(), rows = RowBuffer()
        for (place, topic) in topics.enumerated() {
            let name = Array(topic.utf8), timestamp = time + UInt64(place) * 1_000
            rows.removeAll()
            trie.find(name.span.bytes, into: &key, learning: &rows)
            for row in rows.rows {
                learned.append((Array(rows.bytes[row.key]), Array(rows.bytes[row.value])))
                batch.put(
                    Array(rows.bytes[row.key]), Array(rows.bytes[row.value]), family: family + 1)
            }
            var data: [UInt8] = [], value: [UInt8] = []
            data.appendDataKey(key.stream, timestamp: timestamp)
            let payload: [UInt8] = [1, 2, 3]
            try publisher("writer", shards: 1).header.appendValue(
                qos: .atLeastOnce, retain: false, topic: name.span.bytes, varying: key.varying,
                payload: payload.span.bytes, properties: RawSpan(),
                timestamp: Int64(timestamp / 1_000), to: &value)
            batch.put(data, value, family: family)
            for (level, range) in key.varying.enumerated() where topic != dropIndexOf {
                var index: [UInt8] = []
                index.appendIndexKey(
                    key.stream, level: level + 1,
                    token: TokenHash(of: name.span.bytes.extracting(range)), timestamp: timestamp)
                batch.put(index, [], family: family)
            }
        }
    }

    /// The edges prefix → dev → + → end, and the levels of the stream dev/+: what EMQX copies.
    private static func isOnTheVaryingPath(
        _ row: (key: [UInt8], value: [UInt8]), _ all: [(key: [UInt8], value: [UInt8])]
    ) throws -> Bool {
        guard case .tuple(let pair) = try Term(decoding: row.key.span.bytes) else { return false }
        let dev = Term.binary(Array("dev".utf8))
        if pair[0] == .atom("rlookup") {
            return try Term(decoding: row.value.span.bytes) == .list([dev, .atom("+")])
        }
        let plus = try all.first {
            guard case .tuple(let pair) = try Term(decoding: $0.key.span.bytes) else {
                return false
            }
            return pair[1] == .atom("+")
        }
        let target = try plus.map { try Term(decoding: $0.value.span.bytes) }
        return pair[1] == dev || pair[1] == .atom("+") || pair[0] == target
    }
}
