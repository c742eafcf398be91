internal import Layout
internal import MQTT
internal import Measure

/// Counts what a store would write, with EMQX's own layout, without a store: keys, values and what topics teach
/// the trie, shard by shard.
struct ShardWrites {
    private let terms: ForecastTerms
    private var shards: [Shard]
    private(set) var rows = RowSamples()
    /// Publishes that were left out: EMQX refuses topics with so many levels, or the bound on learned topics
    /// was reached.
    private(set) var leftOut = 0
    private var learned = 0
    private var key = TopicKey()
    private var news = RowBuffer()
    private var buffer: [UInt8] = []

    /// Milliseconds since 1970 of every message: any time from 2004 to 2248 takes as many bytes in a value.
    private static let timestamp: Int64 = 1 << 41
    /// What a memtable charges for an entry beside key and value: a node with on average 4/3 pointers, eight
    /// bytes of sequence and type, and the lengths (RocksDB memtable/inlineskiplist.h, branching factor 4).
    static let memtableEntry = 24
    /// Column families: data and trie.
    private static let data = 1, trie = 2
    /// Rows of all tries together.
    private static let learnedLimit = 1 << 18

    private struct Shard {
        var trie: TopicTrie
        var counts = WriteCounts()
        var log = LogFraming()
        /// Of the batch that is being filled: messages, bytes of its puts, bytes that a shared log counts, and
        /// when it began.
        var waiting = 0
        var putBytes = LogFraming.batchHeader
        var sharedBytes = 0
        var since: Int64 = 0
    }

    init(_ terms: ForecastTerms) {
        self.terms = terms
        shards = Array(
            repeating: Shard(trie: TopicTrie(terms.format)), count: max(1, terms.shards))
    }

    /// The shard of a publisher.
    func shard(of clientID: String) -> Int {
        ShardHash(of: clientID.utf8Span.span.bytes).shard(of: shards.count)
    }

    mutating func store(
        _ header: PublishHeader, in packet: RawSpan, topic: RawSpan,
        from publisher: PublisherHeader,
        shard: Int, at time: Int64
    ) {
        guard levelCount(of: topic) <= TopicTable.deepest, learned < Self.learnedLimit else {
            leftOut += 1
            return
        }
        closeBatch(of: shard, at: time)
        news.removeAll()
        shards[shard].trie.find(topic, into: &key, learning: &news)
        learned += news.rows.count
        for new in news.rows {
            shards[shard].counts.triePuts += 1
            shards[shard].counts.trieBytes += new.key.count + new.value.count
            shards[shard].putBytes += LogFraming.put(
                key: new.key.count, value: new.value.count, family: Self.trie)
        }
        // Taken out for a moment, so that it can be lent.
        var row: [UInt8] = []
        swap(&row, &buffer)
        defer { swap(&row, &buffer) }
        row.removeAll(keepingCapacity: true)
        row.appendDataKey(key.stream, timestamp: UInt64(Self.timestamp) * 1_000)
        if terms.format.keys == .skipstreamV2 { row.appendWords(key.varying, of: topic) }
        let keyCount = row.count
        do throws(CodecError) {
            try publisher.appendValue(
                qos: header.qos, retain: header.retain, topic: topic, varying: key.varying,
                payload: packet.extracting(header.payload),
                properties: packet.extracting(header.properties), timestamp: Self.timestamp,
                to: &row)
        } catch {
            leftOut += 1
            return
        }
        rows.offer(row.span.bytes, stream: key.stream.rawValue)
        put(shard, key: keyCount, value: row.count - keyCount)
        shards[shard].counts.dataPuts += 1
        shards[shard].counts.valueBytes += row.count - keyCount
        let words = keyCount - [UInt8].dataKeySize
        for _ in key.varying.indices {
            put(shard, key: [UInt8].indexKeySize + words, value: 0)
            shards[shard].counts.indexPuts += 1
        }
        shards[shard].counts.messages += 1
        shards[shard].waiting += 1
        shards[shard].sharedBytes +=
            publisher.clientID.utf8.count + topic.byteCount + header.payload.count
        if shards[shard].waiting == 1 { shards[shard].since = time }
        if shards[shard].waiting >= terms.batching.messages { commit(shard) }
    }

    /// What was counted, shard by shard; batches that are being filled are committed.
    mutating func finish() -> [WriteCounts] {
        shards.indices.map { shard in
            if shards[shard].waiting > 0 { commit(shard) }
            var counts = shards[shard].counts
            counts.streams = shards[shard].trie.streamCount
            if terms.log == .wal { counts.walBytes = shards[shard].log.bytes }
            return counts
        }
    }

    private mutating func put(_ shard: Int, key: Int, value: Int) {
        shards[shard].putBytes += LogFraming.put(key: key, value: value, family: Self.data)
        shards[shard].counts.memtableBytes += key + value + Self.memtableEntry
    }

    /// What the timer of the buffer would have closed before this message came.
    private mutating func closeBatch(of shard: Int, at time: Int64) {
        guard shards[shard].waiting > 0, let interval = terms.batching.interval,
            time &- shards[shard].since >= interval.count
        else { return }
        commit(shard)
    }

    private mutating func commit(_ shard: Int) {
        switch terms.log {
        case .wal: shards[shard].log.append(shards[shard].putBytes)
        case .shared(let message, let batch, let entry):
            shards[shard].counts.walBytes +=
                shards[shard].sharedBytes + shards[shard].waiting * message + batch + entry
        }
        shards[shard].counts.commits += 1
        shards[shard].waiting = 0
        shards[shard].putBytes = LogFraming.batchHeader
        shards[shard].sharedBytes = 0
    }
}
