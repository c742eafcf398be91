/// What is known of one class of topics, and the quality of service that it should have.
package struct TopicClassReport: Codable, Equatable, Sendable {
    package enum Verdict: String, Codable, Sendable {
        /// At least nineteen of twenty publishes are as the decision table has it.
        case right
        case tooHigh = "too_high"
        case tooLow = "too_low"
        /// Some too high and some too low.
        case mixed
        /// The table has no row for it.
        case unknown
    }

    package let topicClass: TopicClass
    /// 0 to 1: how sure the classification is, weighted by publishes.
    package let confidence: Double
    /// What it rests on, a sentence each.
    package let evidence: [String]
    package let topics: Int
    package let publishes: Int
    package let publishesAtQoS0: Int
    package let publishesAtQoS1: Int
    package let publishesAtQoS2: Int
    package let retainedPublishes: Int
    package let meanPayloadBytes: Double
    /// Between two publishes on one topic, the median of the topics; nil if none has four publishes.
    package let periodSeconds: Double?
    /// Compressed size over size in blocks of 4 KiB, the sampled payloads of a topic beside each other; nil if
    /// nothing was sampled.
    package let snappyRatio: Double?
    package let zstdRatio: Double?
    package let sampledBytes: Int
    /// The level that the decision table gives the class; nil for `other`.
    package let qos: Int?
    package let reasoning: String?
    package let verdict: Verdict
    /// What following the table would save; nil if nothing.
    package let saves: Savings?
    /// Its most published topics as patterns, at most three.
    package internal(set) var patterns: [String]

    enum CodingKeys: String, CodingKey {
        case topicClass = "class", confidence, evidence, topics, publishes
        case publishesAtQoS0 = "publishes_at_qos0", publishesAtQoS1 = "publishes_at_qos1"
        case publishesAtQoS2 = "publishes_at_qos2", retainedPublishes = "retained_publishes"
        case meanPayloadBytes = "mean_payload_bytes", periodSeconds = "period_s"
        case snappyRatio = "snappy_ratio", zstdRatio = "zstd_ratio", sampledBytes = "sampled_bytes"
        case qos, reasoning, verdict, saves, patterns
    }
}
