internal import Layout
internal import MQTT

/// Turns messages into the puts that EMQX makes of them: what their topics teach the trie, one data row,
/// and one index row for each varying level. Scratch memory is reused from message to message.
struct MessageEncoder {
    private let format: RowFormat
    private var key = TopicKey()
    private var rows = RowBuffer()
    private var bytes: [UInt8] = []
    /// Stream of the last message.
    var stream: StreamID { key.stream }
    /// Timestamp of the last message, microseconds.
    private(set) var latest: UInt64
    /// Rows that topics have taught the trie; the owner sets it back.
    var learned = 0
    /// Where the rows go: the column families of the current generation.
    var families = Generation.Families.first

    /// - Parameter latest: timestamp of the shard's last message, microseconds.
    init(after latest: UInt64, _ format: RowFormat) {
        self.latest = latest
        self.format = format
    }

    /// - Throws: when the properties are not those of a PUBLISH; its topic is learned all the same.
    mutating func encode<Sink: PutSink & ~Copyable>(
        _ submission: Submission, from publisher: Publisher, topic: RawSpan, properties: RawSpan,
        payload: RawSpan, learning trie: inout TopicTrie, into sink: inout Sink
    ) throws(CodecError) {
        precondition(publisher.header.format == format, "a publisher of another store")
        rows.removeAll()
        trie.find(topic, into: &key, learning: &rows)
        learned += rows.rows.count
        for row in rows.rows {
            put(rows.bytes, row.key, row.value, families.trie, into: &sink)
        }

        // Strictly increasing, so that the keys of a stream append (reference 3.4).
        latest = max(UInt64(submission.timestamp) * 1_000, latest + 1)
        bytes.removeAll(keepingCapacity: true)
        bytes.appendDataKey(key.stream, timestamp: latest)
        if format.keys == .skipstreamV2 { bytes.appendWords(key.varying, of: topic) }
        let keyEnd = bytes.count
        try publisher.header.appendValue(
            qos: submission.qos, retain: submission.retain, topic: topic, varying: key.varying,
            payload: payload, properties: properties, timestamp: submission.timestamp, to: &bytes)
        put(bytes, 0..<keyEnd, keyEnd..<bytes.count, families.data, into: &sink)
        for level in key.varying.indices {
            bytes.removeAll(keepingCapacity: true)
            bytes.appendIndexKey(
                key.stream, level: level + 1,
                token: TokenHash(of: topic.extracting(key.varying[level])), timestamp: latest)
            if format.keys == .skipstreamV2 { bytes.appendWords(key.varying, of: topic) }
            put(bytes, bytes.indices, 0..<0, families.data, into: &sink)
        }
    }

    private func put<Sink: PutSink & ~Copyable>(
        _ bytes: [UInt8], _ key: Range<Int>, _ value: Range<Int>, _ family: Int,
        into sink: inout Sink
    ) {
        bytes.withUnsafeBytes { bytes in
            sink.put(
                UnsafeRawBufferPointer(rebasing: bytes[key]),
                UnsafeRawBufferPointer(rebasing: bytes[value]), family: family)
        }
    }
}
