package import MQTT

/// One row of the article's decision table: which quality of service messages of a class should have.
///
/// "MQTT QoS, durable sessions and RocksDB" (the article that dstune follows), "QoS Levels, What They
/// Actually Cost"; that a latest value is sent at QoS 1 and retained it says under "Retained Messages and
/// Last Will".
package struct Decision {
    package let topicClass: TopicClass
    package let qos: QoS
    package let reasoning: String

    package static let table = [
        Decision(
            topicClass: .reading, qos: .atMostOnce,
            reasoning: "the next reading comes soon, and an old one is worth nothing"),
        Decision(
            topicClass: .alert, qos: .atLeastOnce,
            reasoning: "it has to arrive, and who gets it drops doubles by the event id"),
        Decision(
            topicClass: .command, qos: .exactlyOnce,
            reasoning: "doing it twice is not safe"),
        Decision(
            topicClass: .batch, qos: .atLeastOnce,
            reasoning: "it has to arrive, and its sequence number tells doubles"),
        Decision(
            topicClass: .latest, qos: .atLeastOnce,
            reasoning: "it stands for the sensor until the next one, so it has to arrive"),
    ]

    package static func of(_ topicClass: TopicClass) -> Decision? {
        table.first { $0.topicClass == topicClass }
    }
}

extension QoS {
    /// Control packets that one message costs between a client and the broker (MQTT 5.0, 4.3).
    var packets: Int {
        switch self {
        case .atMostOnce: 1
        case .atLeastOnce: 2
        case .exactlyOnce: 4
        }
    }
}
