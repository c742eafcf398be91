extension Packet {
    /// Reads a span that is exactly one packet with its fixed header.
    ///
    /// - Parameter version: of the connection. A CONNECT brings its own, and this one is not asked.
    /// - Throws: `.incomplete` if the packet is not all there, else `.malformed`.
    package static func read(_ packet: RawSpan, version: ProtocolVersion) throws(CodecError)
        -> Packet
    {
        // CONNECT is the packet that says which version is spoken, so its header is held to the oldest
        let isConnect =
            packet.byteCount > 0 && packet.byte(at: 0) >> 4 == PacketType.connect.rawValue
        let header = try FixedHeader.readWhole(packet, version: isConnect ? .v3_1 : version)
        var offset = header.headerLength
        let result = try read(packet, at: &offset, header, version)
        try packet.expectEnd(at: offset)
        return result
    }

    private static func read(
        _ packet: RawSpan, at offset: inout Int, _ header: FixedHeader, _ version: ProtocolVersion
    ) throws(CodecError) -> Packet {
        let place = PropertyPlaces(header.type)
        switch header.type {
        case .connect:
            let connect = try Connect(reading: packet, at: &offset)
            try header.check(version: connect.version)
            return .connect(connect)
        case .connack: return .connack(try Connack(reading: packet, at: &offset, version: version))
        case .publish:
            let publish = try PublishHeader.read(packet, after: header, version: version)
            offset = packet.byteCount
            return .publish(try Publish(publish, in: packet))
        case .puback:
            return .puback(
                try Acknowledgement(reading: packet, at: &offset, in: place, version: version))
        case .pubrec:
            return .pubrec(
                try Acknowledgement(reading: packet, at: &offset, in: place, version: version))
        case .pubrel:
            return .pubrel(
                try Acknowledgement(reading: packet, at: &offset, in: place, version: version))
        case .pubcomp:
            return .pubcomp(
                try Acknowledgement(reading: packet, at: &offset, in: place, version: version))
        case .subscribe:
            return .subscribe(try Subscribe(reading: packet, at: &offset, version: version))
        case .suback: return .suback(try Suback(reading: packet, at: &offset, version: version))
        case .unsubscribe:
            return .unsubscribe(try Unsubscribe(reading: packet, at: &offset, version: version))
        case .unsuback:
            return .unsuback(try Unsuback(reading: packet, at: &offset, version: version))
        case .pingreq: return .pingreq
        case .pingresp: return .pingresp
        case .disconnect:
            let reason = try packet.readReason(at: &offset, in: place, version: version)
            return .disconnect(Disconnect(reasonCode: reason.code, properties: reason.properties))
        case .auth:
            let reason = try packet.readReason(at: &offset, in: place, version: version)
            return .auth(Auth(reasonCode: reason.code, properties: reason.properties))
        }
    }
}

extension Connack {
    fileprivate init(
        reading packet: RawSpan, at offset: inout Int, version: ProtocolVersion
    ) throws(CodecError) {
        let flags = try packet.readByte(at: &offset)
        guard flags & 0xFE == 0 else { throw .malformed(rule: .connackFlags, offset: offset - 1) }
        let code = try packet.readByte(at: &offset)
        let properties = try packet.readProperties(at: &offset, in: .connack, version: version)
        self.init(sessionPresent: flags == 1, reasonCode: code, properties: properties)
    }
}

extension Publish {
    /// Copies what `header` has found in `packet`.
    package init(_ header: PublishHeader, in packet: RawSpan) throws(CodecError) {
        self.init(
            dup: header.dup, qos: header.qos, retain: header.retain,
            topic: packet.string(header.topic),
            packetID: PacketID(header.packetID),
            properties: try packet.properties(in: header.properties),
            payload: packet.array(header.payload))
    }
}

extension Acknowledgement {
    fileprivate init(
        reading packet: RawSpan, at offset: inout Int, in place: PropertyPlaces,
        version: ProtocolVersion
    ) throws(CodecError) {
        let packetID = try packet.readPacketID(at: &offset)
        let reason = try packet.readReason(at: &offset, in: place, version: version)
        self.init(packetID: packetID, reasonCode: reason.code, properties: reason.properties)
    }
}

extension RawSpan {
    /// The end of an acknowledgement, a DISCONNECT or an AUTH: in version 5 a reason code and properties, of which
    /// both or the second may be left out; nothing before.
    fileprivate func readReason(
        at offset: inout Int, in place: PropertyPlaces, version: ProtocolVersion
    ) throws(CodecError) -> (code: UInt8, properties: [Property]) {
        guard version == .v5, offset < byteCount else { return (0, []) }
        let code = try readByte(at: &offset)
        guard offset < byteCount else { return (code, []) }
        return (code, try readProperties(at: &offset, in: place, version: version))
    }
}
