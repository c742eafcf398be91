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
    var leftOut = 0
    private var learned = 0
    private var key = TopicKey()
    private var varying: [Range<Int>] = []
    /// By topic: where it was last found if no level of it varies. What has been learned stays.
    private var homes: [Home] = []
    /// By stream: see `RowSamples.lot`.
    private var lots: [StreamID: UInt64] = [:]
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

    private struct Home {
        var shard: Int32 = -1
        var stream = StreamID(rawValue: 0)
        /// See `RowSamples.lot`.
        var lot: UInt64 = 0
    }

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

    /// - Parameter number: of the topic, if it has one.
    mutating func store(
        _ header: PublishHeader, in packet: RawSpan, topic: RawSpan, _ number: Int?,
        from publisher: MadePublisher, at time: Int64
    ) {
        let shard = publisher.shard
        guard learned < Self.learnedLimit else {
            leftOut += 1
            return
        }
        closeBatch(of: shard, at: time)
        let home = find(topic, number, in: shard)
        let size: (key: Int, value: Int)
        do throws(CodecError) {
            size = try measure(header, in: packet, topic: topic, home, from: publisher)
        } catch {
            leftOut += 1
            return
        }
        put(shard, key: size.key, value: size.value)
        shards[shard].counts.dataPuts += 1
        shards[shard].counts.valueBytes += size.value
        let words = size.key - [UInt8].dataKeySize
        for _ in varying.indices {
            put(shard, key: [UInt8].indexKeySize + words, value: 0)
            shards[shard].counts.indexPuts += 1
        }
        shards[shard].counts.messages += 1
        shards[shard].waiting += 1
        shards[shard].sharedBytes +=
            publisher.header.clientID.utf8.count + topic.byteCount + header.payload.count
        if shards[shard].waiting == 1 { shards[shard].since = time }
        if shards[shard].waiting >= terms.batching.messages { commit(shard) }
    }

    /// The sizes of the row; the row itself is made only if it is sampled, or none of its kind was measured.
    private mutating func measure(
        _ header: PublishHeader, in packet: RawSpan, topic: RawSpan, _ home: Home,
        from publisher: MadePublisher
    ) throws(CodecError) -> (key: Int, value: Int) {
        let isSampled = rows.wants(home.lot)
        let payload = packet.extracting(header.payload)
        let properties = packet.extracting(header.properties)
        let values = terms.format.values
        // Of a payload only the size matters.
        let more = values.size(ofString: payload.byteCount) - values.size(ofString: 0)
        if !isSampled, varying.isEmpty,
            let size = publisher.sizes.size(of: header, properties: properties)
        {
            return ([UInt8].dataKeySize, size + more)
        }
        // Taken out for a moment, so that it can be lent.
        var row: [UInt8] = []
        swap(&row, &buffer)
        defer { swap(&row, &buffer) }
        row.removeAll(keepingCapacity: true)
        row.appendDataKey(home.stream, timestamp: UInt64(Self.timestamp) * 1_000)
        if terms.format.keys == .skipstreamV2 { row.appendWords(varying, of: topic) }
        let keyCount = row.count
        try publisher.header.appendValue(
            qos: header.qos, retain: header.retain, topic: topic, varying: varying,
            payload: isSampled ? payload : payload.extracting(first: 0), properties: properties,
            timestamp: Self.timestamp, to: &row)
        let value = row.count - keyCount
        if isSampled {
            rows.offer(row.span.bytes, stream: home.stream.rawValue, lot: home.lot)
            return (keyCount, value)
        }
        if varying.isEmpty { publisher.sizes.note(value, of: header, properties: properties) }
        return (keyCount, value + more)
    }

    /// The stream of the topic, and in `varying` its varying levels; what it teaches is counted.
    private mutating func find(_ topic: RawSpan, _ number: Int?, in shard: Int) -> Home {
        if let number, number < homes.count, homes[number].shard == Int32(shard) {
            varying.removeAll(keepingCapacity: true)
            return homes[number]
        }
        news.removeAll()
        shards[shard].trie.find(topic, into: &key, learning: &news)
        learned += news.rows.count
        for new in news.rows {
            shards[shard].counts.triePuts += 1
            shards[shard].counts.trieBytes += new.key.count + new.value.count
            shards[shard].putBytes += LogFraming.put(
                key: new.key.count, value: new.value.count, family: Self.trie)
        }
        varying.removeAll(keepingCapacity: true)
        varying.append(contentsOf: key.varying)
        let home = Home(shard: Int32(shard), stream: key.stream, lot: lot(of: key.stream))
        if let number, key.varying.isEmpty {
            while homes.count <= number { homes.append(Home()) }
            homes[number] = home
        }
        return home
    }

    private mutating func lot(of stream: StreamID) -> UInt64 {
        if let known = lots[stream] { return known }
        let lot = RowSamples.lot(ofStream: lots.count)
        lots[stream] = lot
        return lot
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
