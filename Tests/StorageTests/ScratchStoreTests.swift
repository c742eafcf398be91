import Foundation
import Layout
import MQTT
import Measure
import Storage
import TestSupport
import Testing

/// The store behind `dstune footprint`.
@Suite struct ScratchStoreTests {
    private static let formats = [
        RowFormat(), RowFormat(values: .asn1), RowFormat(values: .asn1, keys: .skipstreamV2),
    ]

    private func footprint(
        _ format: RowFormat = RowFormat(), memtable: Int64 = 64 << 20, shards: Int = 2,
        messages: Int = 3_000, batch: Int = 1_000
    ) throws -> [ShardFootprint] {
        let scratch = ScratchDirectory()
        var options = StoreOptions.test([
            "n_shards": Int64(shards), "write_buffer_size": memtable,
        ])
        options.format = format
        let store = try ScratchStore(at: scratch.path, options, batch: batch)
        let empty: [UInt8] = []
        for number in 0..<messages {
            let topic = Array("site/\(number % 25)/line/\(number / 25 % 15)".utf8)
            let payload = (0..<200).map { UInt8(truncatingIfNeeded: $0 &* number) }
            try store.store(
                Submission(
                    qos: .atLeastOnce, retain: false, intended: .now(),
                    timestamp: 1_795_453_740_334),
                from: publisher("client-\(number % 7)", shards: shards, format),
                topic: topic.span.bytes, properties: empty.span.bytes, payload: payload.span.bytes)
        }
        return try store.finish()
    }

    /// Fails if rows are counted that are not there, or a kind of row is not.
    @Test(arguments: formats) func whatWasStoredIsReadBack(_ format: RowFormat) throws {
        let shards = try footprint(format)
        var expected: [(rows: Int, index: [Int])] = [(0, [0, 0]), (0, [0, 0])]
        var tries = [TopicTrie](repeating: TopicTrie(format), count: 2)
        var key = TopicKey(), learned = RowBuffer()
        for number in 0..<3_000 {
            let topic = Array("site/\(number % 25)/line/\(number / 25 % 15)".utf8)
            let shard = publisher("client-\(number % 7)", shards: 2).shard
            tries[shard].find(topic.span.bytes, into: &key, learning: &learned)
            expected[shard].rows += 1
            for level in key.varying.indices { expected[shard].index[level] += 1 }
        }
        for (shard, wanted) in zip(shards, expected) {
            #expect(shard.dataRows == wanted.rows)
            #expect(shard.indexRows == wanted.index)
            #expect(shard.sstFiles >= 2 && shard.sstBytes > 0)
        }
        #expect(shards.map(\.streams) == tries.map(\.streamCount))
        #expect(shards.reduce(0) { $0 + $1.trieRows } == learned.rows.count)
        #expect(shards[0].varyingTopics.contains("site/+/line/+"))
        #expect(shards[0].varyingTopics.allSatisfy { $0.contains("+") })
    }

    /// Fails if logs that are done with are not counted: memtables of 64 KiB are flushed many times.
    @Test func theWriteAheadLogIsCountedWhole() throws {
        let large = try footprint(batch: 50)
        let small = try footprint(memtable: 64 << 10, batch: 50)
        #expect(small.allSatisfy { $0.sstFiles > 0 })
        for (small, large) in zip(small.map(\.logBytes), large.map(\.logBytes)) {
            #expect(abs(small - large) < large / 100, "\(small) B instead of \(large) B")
        }
    }

    /// Fails if a timer or EMQX's rule for full buffers ends a batch: 1,000 messages are one write.
    @Test func batchesAreWhole() throws {
        func wal(_ batch: Int) throws -> Int {
            try footprint(shards: 1, messages: 2_000, batch: batch)[0].logBytes
        }
        // Each write has a header of 12 bytes and, in the log, one of 7 bytes.
        #expect(try wal(1_000) + 19 * 98 - wal(20) < 19)
        #expect(try wal(1_000) < wal(999))
    }
}
