internal import MQTT

/// The topics that were published on, and what clients published there.
///
/// Memory is bounded: beyond `limit` topics, or `byteLimit` bytes of them, new ones are counted by estimate
/// only and have no tally of their own.
struct TopicTable {
    static let limit = 1 << 17
    static let byteLimit = 16 << 20
    /// Levels that are counted each; EMQX accepts no topic with more (`mqtt.max_topic_levels`).
    static let deepest = 128

    private(set) var topics = Interner()
    /// By the number of the topic.
    private(set) var tallies: [TopicTally] = []
    /// How many different tokens there are, by level.
    private(set) var levels: [DistinctCounter] = []
    private(set) var samples = PayloadSamples()
    /// Topics that are not in the table.
    private var unlisted = DistinctCounter()

    /// How many topics there are, and whether that is exact.
    var count: (topics: Int, isExact: Bool) {
        (topics.count + unlisted.count, unlisted.isExact)
    }

    /// The number of a topic; nil if there are too many already.
    mutating func number(of topic: RawSpan) -> Int? {
        if let known = topics.known(topic) { return known }
        countLevels(of: topic)
        guard topics.count < Self.limit, topics.byteCount < Self.byteLimit else {
            unlisted.add(UInt64(Interner.hash(topic).magnitude))
            return nil
        }
        tallies.append(TopicTally(named: TopicClass.named(by: topic)))
        return topics.number(of: topic)
    }

    /// For people, and where a topic is worked on as text.
    func text(of topic: Int) -> String {
        topics.withText(topic) { $0.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
    }

    mutating func published(
        _ topic: Int, _ header: PublishHeader, _ packet: RawSpan, at time: Int64
    ) {
        tallies[topic].add(header, at: time)
        samples.offer(
            packet.extracting(header.payload), of: topic, publishes: tallies[topic].publishes)
    }

    private mutating func countLevels(of topic: RawSpan) {
        var (start, depth) = (0, 0)
        while depth < Self.deepest {
            var end = start
            while end < topic.byteCount, topic.byte(at: end) != UInt8(ascii: "/") { end += 1 }
            if levels.count <= depth { levels.append(DistinctCounter()) }
            levels[depth].add(UInt64(Interner.hash(topic.extracting(start..<end)).magnitude))
            guard end < topic.byteCount else { return }
            start = end + 1
            depth += 1
        }
    }
}
