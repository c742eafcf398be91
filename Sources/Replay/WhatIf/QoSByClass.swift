internal import MQTT
internal import Traffic

/// Each message at the quality of service that the article's table has for topics of its class. What no class
/// is known for stays as it is.
struct QoSByClass: PacketRule {
    private let classes: TopicClasses
    private(set) var changed = QoSChanges()

    init(_ classes: TopicClasses) { self.classes = classes }

    mutating func connect(_ connect: Connect, of client: RuleSubject) -> Connect? {
        guard let will = connect.will, let qos = qos(Array(will.topic.utf8).span.bytes) else {
            return nil
        }
        var copy = connect
        copy.will?.qos = qos
        return copy
    }

    mutating func publish(
        _ header: PublishHeader, _ packet: RawSpan, topic: RawSpan, of client: RuleSubject
    ) -> PublishEdit? {
        guard let qos = qos(topic), qos != header.qos else { return PublishEdit() }
        // Nobody sends a message again that is sent once and for all.
        guard qos > .atMostOnce || !header.dup else {
            changed.repetitionsLeftOut += 1
            return nil
        }
        changed.note(from: header.qos, to: qos)
        return PublishEdit(qos: qos)
    }

    private func qos(_ topic: RawSpan) -> QoS? {
        Decision.of(classes.topicClass(of: topic))?.qos
    }
}

/// How many messages were changed from one quality of service to another.
struct QoSChanges: Equatable {
    private var counts: [Int: Int] = [:]
    /// Messages sent again with DUP that have no sense any more.
    var repetitionsLeftOut = 0

    mutating func note(from old: QoS, to new: QoS) {
        counts[Int(old.rawValue) * 3 + Int(new.rawValue), default: 0] += 1
    }

    /// "QoS 2→1: 12, QoS 0→1: 3"
    var text: String {
        let parts = counts.sorted { $0.key < $1.key }.map {
            "QoS \($0.key / 3)→\($0.key % 3): \($0.value)"
        }
        let left =
            repetitionsLeftOut > 0 ? ["\(repetitionsLeftOut) repetitions left out"] : []
        return parts.isEmpty && left.isEmpty
            ? "no message changed" : (parts + left).joined(separator: ", ")
    }
}
