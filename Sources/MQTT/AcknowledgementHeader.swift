/// What every PUBACK, PUBREC, PUBREL and PUBCOMP says, read without copying and without a look at
/// the properties; `Acknowledgement` has those too.
package struct AcknowledgementHeader: Equatable, Sendable {
    package let packetID: PacketID
    /// 0 before version 5, and where version 5 leaves it out [MQTT-3.4.2.1].
    package let reasonCode: UInt8

    /// - Parameter packet: exactly one packet with its fixed header, which is known to be one of the four.
    /// - Throws: `.incomplete` if the packet is not all there, else `.malformed`.
    package static func read(
        _ packet: RawSpan, version: ProtocolVersion
    ) throws(CodecError) -> AcknowledgementHeader {
        let header = try FixedHeader.readWhole(packet, version: version)
        var offset = header.headerLength
        let id = try packet.readPacketID(at: &offset)
        if version < .v5 { try packet.expectEnd(at: offset) }
        let reason = offset < packet.byteCount ? packet.byte(at: offset) : 0
        return AcknowledgementHeader(packetID: id, reasonCode: reason)
    }
}
