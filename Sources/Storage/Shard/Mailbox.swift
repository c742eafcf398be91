package import Layout
package import MQTT
package import Measure

/// Who publishes: what is the same for every message of one connection, and the shard that its client id
/// hashes to, so that one publisher's messages stay in order.
package final class Publisher: Sendable {
    package let header: PublisherHeader
    package let shard: Int

    package init(_ header: PublisherHeader, shard: Int) {
        self.header = header
        self.shard = shard
    }
}

/// A message on its way from a session to a shard: what belongs to it besides its bytes.
package struct Submission: Sendable {
    package var qos: QoS
    package var retain: Bool
    /// When it should have been sent: durable latency is counted from here.
    package var intended: MonotonicTime
    /// When the broker had it: what it waited for before was not the broker's to hurry.
    package var arrived: MonotonicTime
    /// Wall clock of its arrival, milliseconds; goes into the stored value.
    package var timestamp: Int64
    /// What its write decides besides.
    package var handshake: Handshake

    package init(
        qos: QoS, retain: Bool, intended: MonotonicTime, arrived: MonotonicTime? = nil,
        timestamp: Int64, handshake: Handshake = .none
    ) {
        self.qos = qos
        self.retain = retain
        self.intended = intended
        self.arrived = arrived ?? intended
        self.timestamp = timestamp
        self.handshake = handshake
    }
}

/// What is waiting for one shard's writer: entries, and their bytes in one arena, so that accepting a
/// message copies its bytes once and allocates nothing once the arena has grown to its usual size.
struct Mailbox: Sendable {
    struct Entry: Sendable {
        let publisher: Publisher
        let submission: Submission
        /// When it was left here.
        let accepted: MonotonicTime
        let start: Int
        let topicBytes: Int
        let propertiesBytes: Int
        let payloadBytes: Int

        var topic: Range<Int> { start..<start + topicBytes }
        var properties: Range<Int> { topic.upperBound..<topic.upperBound + propertiesBytes }
        var payload: Range<Int> { properties.upperBound..<properties.upperBound + payloadBytes }
    }

    private(set) var entries: [Entry] = []
    private(set) var bytes: [UInt8] = []
    /// Bytes of topics and payloads, which EMQX's buffer counts (reference 3.3).
    private(set) var content = 0

    mutating func append(
        _ submission: Submission, at accepted: MonotonicTime, from publisher: Publisher,
        topic: RawSpan, properties: RawSpan, payload: RawSpan
    ) {
        entries.append(
            Entry(
                publisher: publisher, submission: submission, accepted: accepted,
                start: bytes.count,
                topicBytes: topic.byteCount, propertiesBytes: properties.byteCount,
                payloadBytes: payload.byteCount))
        content += topic.byteCount + payload.byteCount
        topic.withUnsafeBytes { bytes.append(contentsOf: $0) }
        properties.withUnsafeBytes { bytes.append(contentsOf: $0) }
        payload.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
        content = 0
    }
}
