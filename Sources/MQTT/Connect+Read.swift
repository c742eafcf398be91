extension Connect {
    init(reading packet: RawSpan, at offset: inout Int) throws(CodecError) {
        self = try Self.read(packet, at: &offset).connect
    }

    /// - Returns: also where the password stands in `packet`, for the one check that needs it.
    static func read(
        _ packet: RawSpan, at offset: inout Int
    ) throws(CodecError) -> (connect: Connect, password: Range<Int>?) {
        let (version, isBridge) = try Self.readVersion(packet, at: &offset)
        let flagsOffset = offset
        let flags = ConnectFlags(rawValue: try packet.readByte(at: &offset))
        if let rule = flags.brokenRule(version) {
            throw .malformed(rule: rule, offset: flagsOffset)
        }
        let keepAlive = try packet.readTwo(at: &offset)
        let properties = try packet.readProperties(at: &offset, in: .connect, version: version)
        let clientID = packet.string(try packet.readText(at: &offset))
        var will: Will?
        if flags.contains(.will) {
            will = try Will(reading: packet, at: &offset, flags: flags, version: version)
        }
        // 3.1 puts Remaining Length above these two flags: what they announce may be missing at the end.
        var username: String?
        if flags.contains(.username), version > .v3_1 || offset < packet.byteCount {
            username = packet.string(try packet.readText(at: &offset))
        }
        var password: Range<Int>?
        if flags.contains(.password), version > .v3_1 || offset < packet.byteCount {
            password = try packet.readBinary(at: &offset)
        }
        let connect = Connect(
            version: version, clientID: clientID, cleanStart: flags.contains(.cleanStart),
            keepAlive: keepAlive, username: username, hasPassword: password != nil, will: will,
            properties: properties, isBridge: isBridge)
        return (connect, password)
    }

    private static func readVersion(
        _ packet: RawSpan, at offset: inout Int
    ) throws(CodecError) -> (ProtocolVersion, isBridge: Bool) {
        let nameOffset = offset
        let name = packet.extracting(try packet.readBinary(at: &offset))
        let isOld = name.equals(ProtocolVersion.v3_1.protocolName)
        guard isOld || name.equals(ProtocolVersion.v5.protocolName) else {
            throw .malformed(rule: .protocolName, offset: nameOffset)
        }
        let level = try packet.readByte(at: &offset)
        let isBridge = level & 0x80 != 0
        guard let version = ProtocolVersion(rawValue: level & 0x7F),
            isOld == (version == .v3_1), !(isBridge && version == .v5)
        else { throw .malformed(rule: .protocolLevel, offset: offset - 1) }
        return (version, isBridge)
    }
}

extension Will {
    fileprivate init(
        reading packet: RawSpan, at offset: inout Int, flags: ConnectFlags, version: ProtocolVersion
    ) throws(CodecError) {
        let properties = try packet.readProperties(at: &offset, in: .will, version: version)
        let topic = packet.string(try packet.readTopicName(at: &offset))
        let payload = packet.array(try packet.readBinary(at: &offset))
        guard let qos = QoS(rawValue: flags.willQoS) else {
            preconditionFailure("the flags have been checked")
        }
        self.init(
            topic: topic, payload: payload, qos: qos, retain: flags.contains(.willRetain),
            properties: properties)
    }
}

extension ConnectFlags {
    fileprivate func brokenRule(_ version: ProtocolVersion) -> Rule? {
        if contains(.reserved) { return .reservedConnectFlag }
        if willQoS == 3 { return .willQoSThree }
        if !contains(.will) {
            if willQoS != 0 { return .willQoSWithoutWill }
            if contains(.willRetain) { return .willRetainWithoutWill }
        }
        // version 5 dropped this rule, so that a token can be sent without a name
        if version < .v5, contains(.password), !contains(.username) {
            return .passwordWithoutUserName
        }
        return nil
    }
}

extension RawSpan {
    fileprivate func equals(_ name: StaticString) -> Bool {
        guard byteCount == name.utf8CodeUnitCount else { return false }
        return withUnsafeBytes { bytes in
            name.withUTF8Buffer { bytes.elementsEqual($0) }
        }
    }
}
