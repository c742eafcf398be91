internal import MQTT

/// A message that the broker has taken on; every queue that it stands in shares it.
final class FleetMessage: Sendable {
    let topic: [UInt8]
    let payload: [UInt8]
    /// As they lie on the wire, without the length before them; empty from clients before version 5.
    let properties: [UInt8]
    let qos: QoS
    let retain: Bool
    /// Nanoseconds since the epoch; `Int64.max` if it never does.
    let expiresAt: Int64
    /// The client that sent it, or on whose behalf.
    let publisher: Int32

    init(
        topic: [UInt8], payload: [UInt8], properties: [UInt8], qos: QoS, retain: Bool,
        expiry: UInt32?, at time: Int64, publisher: Int32
    ) {
        (self.topic, self.payload, self.properties) = (topic, payload, properties)
        (self.qos, self.retain, self.publisher) = (qos, retain, publisher)
        expiresAt = expiry.map { time + Int64($0) * FleetTime.second } ?? .max
    }

    convenience init(
        _ header: PublishHeader, _ packet: RawSpan, topic: [UInt8], at time: Int64,
        publisher: Int32
    ) {
        func bytes(_ range: Range<Int>) -> [UInt8] {
            packet.extracting(range).withUnsafeBytes { Array($0) }
        }
        // An alias is between the client and the broker; it is written last, in three bytes.
        let aliasLength = header.topicAlias == 0 ? 0 : 3
        self.init(
            topic: topic, payload: bytes(header.payload),
            properties: bytes(header.properties.dropLast(aliasLength)), qos: header.qos,
            retain: header.retain, expiry: header.messageExpiry, at: time, publisher: publisher)
    }

    /// Seconds that are left of its life, rounded up; nil if it never ends.
    func remaining(at time: Int64) -> UInt32? {
        guard expiresAt != .max else { return nil }
        return UInt32(clamping: (expiresAt - time + FleetTime.second - 1) / FleetTime.second)
    }
}

/// A message on its way to one client.
struct FleetDelivery {
    let message: FleetMessage
    let qos: QoS
    let retain: Bool
    /// 0 if the subscription has none.
    let identifier: UInt32
    var packetID: UInt16 = 0
    /// PUBREC has come.
    var isReceived = false
}

/// A message of a client's own that the broker has to answer.
struct OutgoingMessage {
    enum Progress { case waiting, sent, released }

    /// With room for the identifier.
    var packet: [UInt8]
    let idOffset: Int
    let qos: QoS
    let group: Int32
    let kind: Int32
    /// The pitfalls that it shows once it is sent.
    let shown: Pitfalls
    /// A receiver can tell that it has had it before.
    let isIdentified: Bool
    var packetID: UInt16 = 0
    var progress = Progress.waiting
}
