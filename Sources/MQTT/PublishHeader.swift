/// A PUBLISH as it lies in the bytes: everything a broker asks of it, with nothing copied.
package struct PublishHeader: Equatable, Sendable {
    package let dup: Bool
    package let qos: QoS
    package let retain: Bool
    package let topic: Range<Int>
    /// 0 at QoS 0.
    package let packetID: UInt16
    /// Where the packet identifier is, or would be: directly behind the topic.
    package let packetIDOffset: Int
    /// The properties without the length before them; empty before version 5.
    package let properties: Range<Int>
    /// The alias among the properties, or 0 if there is none.
    package let topicAlias: UInt16
    /// Only a server may send one [MQTT-3.3.4-6].
    package let hasSubscriptionIdentifier: Bool
    /// Seconds; nil if the message never expires.
    package let messageExpiry: UInt32?
    package let payload: Range<Int>

    /// Reads and checks a whole PUBLISH, properties included. All ranges are offsets in `packet`.
    /// - Parameter packet: exactly one packet with its fixed header, which is known to be of type PUBLISH.
    /// - Throws: `.incomplete` if the packet is not all there, else `.malformed`.
    package static func read(
        _ packet: RawSpan, version: ProtocolVersion
    ) throws(CodecError) -> PublishHeader {
        let header = try FixedHeader.readWhole(packet, version: version)
        precondition(header.type == .publish)
        return try read(packet, after: header, version: version)
    }

    static func read(
        _ packet: RawSpan, after header: FixedHeader, version: ProtocolVersion
    ) throws(CodecError) -> PublishHeader {
        guard let qos = QoS(rawValue: header.flags >> 1 & 0b11) else {
            throw .malformed(rule: .qosThree, offset: 0)
        }
        var offset = header.headerLength
        let topic = try packet.readText(at: &offset)
        if let wildcard = packet.firstWildcard(in: topic) {
            throw .malformed(rule: .wildcardInPublish, offset: wildcard)
        }
        let packetIDOffset = offset
        let packetID = qos == .atMostOnce ? 0 : try packet.readPacketID(at: &offset).rawValue
        var (properties, summary) = (offset..<offset, PropertySummary())
        if version == .v5 {
            properties = try packet.readPropertyRange(at: &offset)
            summary = try PropertyWalk.check(packet, properties, in: .publish)
        }
        guard !topic.isEmpty || summary.topicAlias != 0 else {
            throw .malformed(rule: .topicEmpty, offset: header.headerLength)
        }
        return PublishHeader(
            dup: header.flags & 0b1000 != 0, qos: qos, retain: header.flags & 1 != 0, topic: topic,
            packetID: packetID, packetIDOffset: packetIDOffset, properties: properties,
            topicAlias: summary.topicAlias,
            hasSubscriptionIdentifier: summary.hasSubscriptionIdentifier,
            messageExpiry: summary.messageExpiry,
            payload: offset..<packet.byteCount)
    }
}
