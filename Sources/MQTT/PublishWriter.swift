/// Appends a PUBLISH made of spans; allocates only if `bytes` has to grow.
///
/// - Parameters:
///   - packetID: required at QoS 1 and 2, ignored at QoS 0.
///   - properties: property bytes as they lie on the wire, without the length before them; ignored before version 5.
package func writePublish(
    topic: RawSpan, payload: RawSpan, qos: QoS, retain: Bool = false, dup: Bool = false,
    packetID: PacketID? = nil,
    properties: RawSpan = RawSpan(), version: ProtocolVersion, to bytes: inout [UInt8]
) {
    precondition(topic.byteCount <= 0xFFFF)
    // [MQTT-3.3.1-2]
    precondition(qos > .atMostOnce || !dup)
    var length = 2 + topic.byteCount + payload.byteCount
    if qos > .atMostOnce { length += 2 }
    if version == .v5 {
        length += VariableByteInteger.length(of: properties.byteCount) + properties.byteCount
    }
    let flags = (dup ? 0b1000 : 0) | qos.rawValue << 1 | (retain ? 1 : 0)
    bytes.append(PacketType.publish.rawValue << 4 | flags)
    VariableByteInteger.write(length, to: &bytes)
    bytes.append(binary: topic)
    if qos > .atMostOnce {
        guard let packetID else { preconditionFailure("a packet identifier is needed at \(qos)") }
        bytes.append(two: packetID.rawValue)
    }
    if version == .v5 {
        VariableByteInteger.write(properties.byteCount, to: &bytes)
        bytes.append(span: properties)
    }
    bytes.append(span: payload)
}
