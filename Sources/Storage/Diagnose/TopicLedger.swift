internal import Layout

/// What the messages of one generation of a shard say of its topics, gathered in the order of the keys, that
/// is stream by stream.
///
/// A trie learns from a topic the first time it sees it and never again, so the times of the first messages
/// are all it takes to learn everything again in the same order; nothing is kept of a single message.
struct TopicLedger {
    private struct Topic {
        let stream: StreamID
        /// The varying tokens, joined by "/".
        let varying: [UInt8]
        var first: UInt64
        var messages = 0
        /// Of the values that the model makes, with this varying part.
        var valueBytes = 0
    }

    /// Distinct topics of one generation of a shard that are compared; beyond, memory would grow without
    /// a bound (about 150 bytes each).
    static let limit = 1_000_000

    private var topics: [Topic] = []
    /// Of the stream that is being read.
    private var places: [[UInt8]: Int] = [:]
    private var stream: StreamID?
    private(set) var overflowed = false

    /// - Parameters:
    ///   - varying: the tokens of the varying levels, joined by "/".
    ///   - size: of the value that the model makes.
    mutating func add(_ stream: StreamID, varying: [UInt8], at timestamp: UInt64, size: Int) {
        if stream != self.stream {
            self.stream = stream
            places.removeAll(keepingCapacity: true)
        }
        guard let place = places[varying] else {
            guard topics.count < Self.limit else {
                overflowed = true
                return
            }
            places[varying] = topics.count
            topics.append(
                Topic(
                    stream: stream, varying: varying, first: timestamp, messages: 1,
                    valueBytes: size))
            return
        }
        topics[place].first = min(topics[place].first, timestamp)
        topics[place].messages += 1
        topics[place].valueBytes += size
    }

    /// Different topics.
    var count: Int { topics.count }

    /// What the model writes for the same messages in the same order.
    /// - Parameters:
    ///   - format: of the generation's rows.
    ///   - stored: the trie that the shard learned: it knows the topics of the streams.
    ///   - inherited: what the generation began with.
    /// - Throws: when a message's stream is not in the trie or does not fit it.
    func predict(
        _ format: RowFormat, from stored: TopicTrie,
        inheriting inherited: (trie: TopicTrie, rows: Int, bytes: Int)?
    ) throws(LayoutError) -> RowCounts {
        var trie = inherited?.trie ?? TopicTrie(format)
        var counts = RowCounts(trie: inherited?.rows ?? 0, trieBytes: inherited?.bytes ?? 0)
        var key = TopicKey(), rows = RowBuffer(), topic: [UInt8] = [], words: [UInt8] = []
        for place in topics.indices.sorted(by: { topics[$0].first < topics[$1].first }) {
            let entry = topics[place]
            topic.removeAll(keepingCapacity: true)
            try stored.appendTopic(
                of: entry.stream, varying: entry.varying.span.bytes, to: &topic)
            rows.removeAll()
            trie.find(topic.span.bytes, into: &key, learning: &rows)
            counts.trie += rows.rows.count
            counts.trieBytes += rows.rows.reduce(0) { $0 + $1.key.count + $1.value.count }
            counts.data += entry.messages
            let varying =
                key.varying.reduce(0) { $0 + $1.count } + max(0, key.varying.count - 1)
            counts.valueBytes += entry.valueBytes
            words.removeAll(keepingCapacity: true)
            switch format.keys {
            case .skipstream:
                counts.valueBytes +=
                    entry.messages
                    * (format.values.size(ofString: varying)
                        - format.values.size(ofString: entry.varying.count))
            case .skipstreamV2: words.appendWords(key.varying, of: topic.span.bytes)
            }
            counts.keyBytes +=
                entry.messages
                * ([UInt8].dataKeySize + words.count + key.varying.count
                    * ([UInt8].indexKeySize + words.count))
            for level in key.varying.indices {
                counts.index[level + 1, default: 0] += entry.messages
            }
        }
        counts.streams = trie.streamCount
        return counts
    }
}
