internal import Layout
package import MQTT

/// Encodes messages into batches of one database and writes none of them: what encoding alone costs. For
/// benchmarks that count its allocations.
package struct EncodingProbe: ~Copyable {
    private let database: Database
    private let size: Int
    private var batch: WriteBatch
    private var tries: [TopicTrie]
    private var encoder: MessageEncoder
    private var waiting = 0

    /// - Throws: when the scratch database below `directory` cannot be made.
    package init(at directory: String, _ options: StoreOptions) throws(RocksError) {
        let database = try Database(
            path: directory + "/probe", shard: 0,
            options: OptionText.print(options.databaseOptions), families: options.families,
            on: .unobserved())
        batch = WriteBatch(for: database)
        self.database = database
        size = options.bufferItems
        encoder = MessageEncoder(after: 0, options.format)
        tries = Array(repeating: TopicTrie(options.format), count: options.shards)
    }

    /// - Throws: never for a message without properties.
    package mutating func add(
        _ submission: Submission, from publisher: Publisher, topic: RawSpan, payload: RawSpan
    ) throws(CodecError) {
        try encoder.encode(
            submission, from: publisher, topic: topic, properties: RawSpan(), payload: payload,
            learning: &tries[publisher.shard], into: &batch)
        waiting += 1
        guard waiting >= size else { return }
        batch.clear()
        waiting = 0
    }
}
