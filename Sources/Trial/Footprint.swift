internal import Storage

/// What a capture's publishes write with one engine: the value behind `dstune footprint`.
package struct Footprint: Encodable, Equatable, Sendable {
    package let engine: String
    /// Of values: "v1" or "asn1".
    package let serializer: String
    package let publishes: Publishes
    package let total: Counts
    package let shards: [Shard]
    /// Topics with "+" for each level that has become varying, in any shard.
    package let varyingTopics: [String]

    enum CodingKeys: String, CodingKey {
        case engine, serializer, publishes, total, shards, varyingTopics = "varying_topics"
    }

    /// What became of the PUBLISH packets that clients sent.
    package struct Publishes: Encodable, Equatable, Sendable {
        package internal(set) var stored = 0
        /// No durable subscription that the capture shows matched them.
        package internal(set) var unmatched = 0
        /// Sound packets that EMQX refuses, such as one with a topic alias that has no topic.
        package internal(set) var refused = 0
        /// Packets of all kinds that no version of MQTT allows; they are in no other number.
        package internal(set) var malformedPackets = 0
        /// Of those stored, from publishers whose CONNECT the capture does not hold: without client id.
        package internal(set) var withoutConnect = 0

        enum CodingKeys: String, CodingKey {
            case stored, unmatched, refused, malformedPackets = "malformed_packets"
            case withoutConnect = "without_connect"
        }
    }

    /// Rows and bytes as they were read back; index rows by the position of their varying level.
    package struct Counts: Equatable, Sendable {
        package internal(set) var dataRows = 0
        package internal(set) var valueBytes = 0
        package internal(set) var indexRows: [Int] = []
        package internal(set) var streams = 0
        package internal(set) var trieRows = 0
        package internal(set) var trieBytes = 0
        package internal(set) var walBytes = 0
        package internal(set) var sstFiles = 0
        package internal(set) var sstBytes = 0
    }

    package struct Shard: Encodable, Equatable, Sendable {
        package let number: Int
        package let counts: Counts
    }
}

extension Footprint.Counts {
    init(_ shard: ShardFootprint, walBytes: Int) {
        dataRows = shard.dataRows
        valueBytes = shard.valueBytes
        indexRows = shard.indexRows
        streams = shard.streams
        trieRows = shard.trieRows
        trieBytes = shard.trieBytes
        self.walBytes = walBytes
        sstFiles = shard.sstFiles
        sstBytes = shard.sstBytes
    }

    mutating func add(_ other: Footprint.Counts) {
        dataRows += other.dataRows
        valueBytes += other.valueBytes
        while indexRows.count < other.indexRows.count { indexRows.append(0) }
        for (level, rows) in other.indexRows.enumerated() { indexRows[level] += rows }
        streams += other.streams
        trieRows += other.trieRows
        trieBytes += other.trieBytes
        walBytes += other.walBytes
        sstFiles += other.sstFiles
        sstBytes += other.sstBytes
    }

    package var indexRowsInAll: Int { indexRows.reduce(0, +) }

    /// By name, as `--format json` prints them. Index rows of a level are there if there are any.
    package var named: [(name: String, value: Int)] {
        var named = [("data_puts", dataRows), ("value_bytes", valueBytes)]
        named.append(("index_puts", indexRowsInAll))
        for (level, rows) in indexRows.enumerated() where rows > 0 {
            named.append(("index_level_\(level + 1)", rows))
        }
        return named + [
            ("streams", streams), ("trie_puts", trieRows), ("trie_bytes", trieBytes),
            ("wal_bytes", walBytes), ("sst_files", sstFiles), ("sst_bytes", sstBytes),
        ]
    }
}

extension Footprint.Counts: Encodable {
    struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Name.self)
        for (name, value) in named { try container.encode(value, forKey: Name(name)) }
    }
}

extension Footprint.Shard {
    package func encode(to encoder: any Encoder) throws {
        try counts.encode(to: encoder)
        var container = encoder.container(keyedBy: Footprint.Counts.Name.self)
        try container.encode(number, forKey: Footprint.Counts.Name("shard"))
    }
}
