/// Appends a PUBLISH made of spans; allocates only if `bytes` has to grow.
///
/// - Parameters:
///   - topic: empty only where `alias` stands for it.
///   - packetID: required at QoS 1 and 2, ignored at QoS 0.
///   - properties: property bytes as they lie on the wire, without the length before them; ignored before version 5.
///   - identifiers: property bytes that follow them, likewise.
///   - alias: the topic's alias, which has to be known or comes with the topic; 0 for none.
///   - remaining: seconds that the message has left [MQTT-3.3.2-6]; nil if it never expires, or has all its time.
package func writePublish(
    topic: RawSpan, payload: RawSpan, qos: QoS, retain: Bool = false, dup: Bool = false,
    packetID: PacketID? = nil, properties: RawSpan = RawSpan(), identifiers: RawSpan = RawSpan(),
    remaining: UInt32? = nil, alias: UInt16 = 0, version: ProtocolVersion, to bytes: inout [UInt8]
) {
    precondition(topic.byteCount <= 0xFFFF)
    // [MQTT-3.3.1-2]
    precondition(qos > .atMostOnce || !dup)
    var length = 2 + topic.byteCount + payload.byteCount
    if qos > .atMostOnce { length += 2 }
    let propertyBytes = properties.byteCount + identifiers.byteCount + (alias == 0 ? 0 : 3)
    if version == .v5 { length += VariableByteInteger.length(of: propertyBytes) + propertyBytes }
    let flags = (dup ? 0b1000 : 0) | qos.rawValue << 1 | (retain ? 1 : 0)
    bytes.append(PacketType.publish.rawValue << 4 | flags)
    VariableByteInteger.write(length, to: &bytes)
    bytes.append(binary: topic)
    if qos > .atMostOnce {
        guard let packetID else { preconditionFailure("a packet identifier is needed at \(qos)") }
        bytes.append(two: packetID.rawValue)
    }
    if version == .v5 {
        VariableByteInteger.write(propertyBytes, to: &bytes)
        let start = bytes.count
        bytes.append(span: properties)
        if let remaining, let offset = messageExpiryOffset(in: properties) {
            for place in 0..<4 {
                bytes[start + offset + place] = UInt8(
                    truncatingIfNeeded: remaining >> (24 - 8 * place))
            }
        }
        bytes.append(span: identifiers)
        if alias != 0 {
            bytes.append(PropertyID.topicAlias.rawValue)
            bytes.append(two: alias)
        }
    }
    bytes.append(span: payload)
}

/// Appends a Subscription Identifier as a property of a PUBLISH.
package func writeSubscriptionIdentifier(_ identifier: UInt32, to bytes: inout [UInt8]) {
    bytes.append(PropertyID.subscriptionIdentifier.rawValue)
    VariableByteInteger.write(Int(identifier), to: &bytes)
}

/// Appends a Message Expiry Interval, in seconds, as a property of a PUBLISH.
package func writeMessageExpiry(_ seconds: UInt32, to bytes: inout [UInt8]) {
    bytes.append(PropertyID.messageExpiryInterval.rawValue)
    bytes.append(four: seconds)
}

/// Appends a User Property as a property of a PUBLISH.
package func writeUserProperty(_ name: String, _ value: String, to bytes: inout [UInt8]) {
    bytes.append(PropertyID.userProperty.rawValue)
    bytes.append(text: name)
    bytes.append(text: value)
}
