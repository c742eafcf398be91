extension Subscribe {
    init(reading packet: RawSpan, at offset: inout Int, version: ProtocolVersion) throws(CodecError)
    {
        let packetID = try packet.readPacketID(at: &offset)
        let properties = try packet.readProperties(at: &offset, in: .subscribe, version: version)
        guard offset < packet.byteCount else {
            throw .malformed(rule: .subscribeEmpty, offset: offset)
        }
        var subscriptions: [Subscription] = []
        while offset < packet.byteCount {
            subscriptions.append(try Subscription(reading: packet, at: &offset, version: version))
        }
        self.init(packetID: packetID, properties: properties, subscriptions: subscriptions)
    }
}

extension Subscription {
    fileprivate init(
        reading packet: RawSpan, at offset: inout Int, version: ProtocolVersion
    ) throws(CodecError) {
        let filter = try packet.readTopicFilter(at: &offset)
        let optionsOffset = offset
        let options = try packet.readByte(at: &offset)
        let reserved: UInt8 = version == .v5 ? 0b1100_0000 : 0b1111_1100
        guard options & reserved == 0 else {
            throw .malformed(rule: .subscriptionReservedBits, offset: optionsOffset)
        }
        let noLocal = options & 0b100 != 0
        guard let qos = QoS(rawValue: options & 0b11), options >> 4 != 3 else {
            throw .malformed(rule: .subscriptionOption, offset: optionsOffset)
        }
        guard !noLocal || !packet.isShared(filter) else {
            throw .malformed(rule: .noLocalOnShared, offset: optionsOffset)
        }
        self.init(
            filter: packet.string(filter), qos: qos, noLocal: noLocal,
            retainAsPublished: options & 0b1000 != 0,
            retainHandling: options >> 4)
    }

    /// The Subscription Options byte.
    func options(_ version: ProtocolVersion) -> UInt8 {
        guard version == .v5 else { return qos.rawValue }
        precondition(retainHandling < 3)
        return qos.rawValue | (noLocal ? 0b100 : 0) | (retainAsPublished ? 0b1000 : 0)
            | retainHandling
            << 4
    }
}

extension Suback {
    init(reading packet: RawSpan, at offset: inout Int, version: ProtocolVersion) throws(CodecError)
    {
        let packetID = try packet.readPacketID(at: &offset)
        let properties = try packet.readProperties(at: &offset, in: .suback, version: version)
        guard offset < packet.byteCount else {
            throw .malformed(rule: .subackEmpty, offset: offset)
        }
        let codes = packet.array(offset..<packet.byteCount)
        offset = packet.byteCount
        self.init(packetID: packetID, properties: properties, reasonCodes: codes)
    }
}

extension Unsubscribe {
    init(reading packet: RawSpan, at offset: inout Int, version: ProtocolVersion) throws(CodecError)
    {
        let packetID = try packet.readPacketID(at: &offset)
        let properties = try packet.readProperties(at: &offset, in: .unsubscribe, version: version)
        guard offset < packet.byteCount else {
            throw .malformed(rule: .unsubscribeEmpty, offset: offset)
        }
        var filters: [String] = []
        while offset < packet.byteCount {
            filters.append(packet.string(try packet.readTopicFilter(at: &offset)))
        }
        self.init(packetID: packetID, properties: properties, filters: filters)
    }
}

extension Unsuback {
    init(reading packet: RawSpan, at offset: inout Int, version: ProtocolVersion) throws(CodecError)
    {
        let packetID = try packet.readPacketID(at: &offset)
        guard version == .v5 else {
            self.init(packetID: packetID)
            return
        }
        let properties = try packet.readProperties(at: &offset, in: .unsuback, version: version)
        guard offset < packet.byteCount else {
            throw .malformed(rule: .unsubackEmpty, offset: offset)
        }
        let codes = packet.array(offset..<packet.byteCount)
        offset = packet.byteCount
        self.init(packetID: packetID, properties: properties, reasonCodes: codes)
    }
}
