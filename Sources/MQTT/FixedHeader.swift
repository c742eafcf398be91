/// The first two to five bytes of every packet: type, flags and Remaining Length.
package struct FixedHeader: Equatable, Sendable {
    package let type: PacketType
    /// The lower half of the first byte.
    package let flags: UInt8
    /// Bytes of the fixed header itself, 2 to 5.
    package let headerLength: Int
    /// Bytes that follow the fixed header.
    package let remainingLength: Int

    /// Bytes of the whole packet.
    package var packetLength: Int { headerLength + remainingLength }

    /// Reads the fixed header at `offset`; the rest of the packet need not be there yet.
    ///
    /// Which version is spoken is not known here, so what only some versions forbid is left to `check`: DUP on
    /// PUBREL, SUBSCRIBE and UNSUBSCRIBE, AUTH, and a Remaining Length that is longer than it need be.
    /// - Parameter limit: the largest packet accepted, in bytes, fixed header included.
    package static func read(
        _ bytes: RawSpan, at offset: Int, limit: Int = 268_435_460
    ) throws(CodecError) -> FixedHeader {
        guard offset < bytes.byteCount else { throw .incomplete(needed: 2) }
        let first = bytes.byte(at: offset)
        guard let type = PacketType(rawValue: first >> 4) else {
            throw .malformed(rule: .packetType, offset: offset)
        }
        let flags = first & 0x0F
        try checkFlags(flags, of: type, at: offset)
        var end = offset + 1
        let length = try VariableByteInteger.read(bytes, at: &end)
        let header = FixedHeader(
            type: type, flags: flags, headerLength: end - offset, remainingLength: length)
        guard header.packetLength <= limit else {
            throw .tooLarge(size: header.packetLength, limit: limit)
        }
        return header
    }

    /// Reads the fixed header of a span that has to be exactly one packet of this version.
    static func readWhole(_ packet: RawSpan, version: ProtocolVersion) throws(CodecError)
        -> FixedHeader
    {
        let header = try read(packet, at: 0)
        try header.check(version: version)
        let missing = header.packetLength - packet.byteCount
        guard missing <= 0 else { throw .incomplete(needed: missing) }
        guard missing == 0 else {
            throw .malformed(rule: .remainingLength, offset: header.packetLength)
        }
        return header
    }

    /// What `read` could not ask without knowing the version.
    package func check(version: ProtocolVersion) throws(CodecError) {
        // 3.1 had no reserved flags there: DUP marks a packet sent again.
        if version > .v3_1, let reserved = type.reservedFlags, flags != reserved {
            throw .malformed(rule: .reservedFlags, offset: 0)
        }
        guard version == .v5 || type != .auth else {
            throw .malformed(rule: .packetType, offset: 0)
        }
        // Small devices reserve room for the length and fill it with 0x80; only version 5 forbids that.
        if version == .v5, headerLength != 1 + VariableByteInteger.length(of: remainingLength) {
            throw .malformed(rule: .integerNotMinimal, offset: 1)
        }
    }

    private static func checkFlags(
        _ flags: UInt8, of type: PacketType, at offset: Int
    ) throws(CodecError) {
        switch type.reservedFlags {
        case nil:
            // [MQTT-3.3.1-4] first, or QoS 3 would be reported as something else
            if flags & 0b0110 == 0b0110 { throw .malformed(rule: .qosThree, offset: offset) }
            if flags & 0b1110 == 0b1000 { throw .malformed(rule: .dupAtQoS0, offset: offset) }
        case 0b0010?:
            if flags & 0b0111 != 0b0010 { throw .malformed(rule: .reservedFlags, offset: offset) }
        case let reserved?:
            if flags != reserved { throw .malformed(rule: .reservedFlags, offset: offset) }
        }
    }
}
