internal import Foundation
internal import Trial

extension Footprint {
    /// As many topics are named; the others are in the JSON.
    private static let namedTopics = 20

    /// For people: what was stored, the rows of all shards, each shard in a line, and varying topics.
    var text: String {
        var lines = ["\(publishes.stored) publishes stored as \(engine) does, values \(serializer)"]
        let left = [
            (publishes.unmatched, "matched by no durable subscription (--all stores them too)"),
            (publishes.refused, "refused, as EMQX does"),
            (publishes.malformedPackets, "packets malformed"),
        ]
        for (count, what) in left where count > 0 { lines.append("\(count) \(what)") }
        lines.append("")
        for (name, value) in total.named { lines.append(pad(name, 16) + number(value, 14)) }
        lines += ["", header]
        for shard in shards {
            lines.append(
                number(shard.number, 5) + columns(shard.counts).map { number($0, 12) }.joined())
        }
        if !varyingTopics.isEmpty {
            lines += ["", "topics with varying levels:"]
            lines += varyingTopics.prefix(Self.namedTopics).map { "  " + $0 }
            let more = varyingTopics.count - Self.namedTopics
            if more > 0 { lines.append("  and \(more) more (--format json names all)") }
        }
        return lines.joined(separator: "\n")
    }

    private var header: String {
        let names = [
            "data_puts", "value_bytes", "index_puts", "streams", "trie_puts", "wal_bytes",
            "sst_files", "sst_bytes",
        ]
        return "shard" + names.map { right($0, 12) }.joined()
    }

    private func columns(_ counts: Counts) -> [Int] {
        [
            counts.dataRows, counts.valueBytes, counts.indexRowsInAll, counts.streams,
            counts.trieRows, counts.walBytes, counts.sstFiles, counts.sstBytes,
        ]
    }

    private func number(_ value: Int, _ width: Int) -> String { right("\(value)", width) }

    private func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
