internal import MQTT

/// Which version a connection speaks: what its CONNECT says or, where that was not captured, what its
/// packets can only be.
struct Language {
    private(set) var version: ProtocolVersion?
    /// A CONNECT that is sound was there.
    private(set) var connectSeen = false

    /// What to go by as long as nothing tells the versions apart.
    var assumed: ProtocolVersion { version ?? .v3_1_1 }

    /// Reads a packet of `type`, and learns from it.
    /// - Returns: nil if it is malformed.
    mutating func read(_ packet: RawSpan, _ type: PacketType) -> DecodedPacket.Content? {
        if type == .connect { return connect(packet) }
        if let version { return try? DecodedPacket.Content(packet, version: version) }
        let old = try? DecodedPacket.Content(packet, version: .v3_1_1)
        let new = try? DecodedPacket.Content(packet, version: .v5)
        switch (old, new) {
        case (nil, nil): return nil
        case (let old?, nil):
            version = .v3_1_1
            return old
        case (nil, let new?):
            version = .v5
            return new
        case (let old?, let new?):
            // A payload that begins with well-formed properties is hardly one.
            guard type == .publish else { return old }
            version = .v5
            return new
        }
    }

    private mutating func connect(_ packet: RawSpan) -> DecodedPacket.Content? {
        guard let content = try? DecodedPacket.Content(packet, version: .v5),
            case .other(.connect(let connect)) = content
        else {
            // What is wrong with it does not change which version the others speak.
            version = version ?? ProtocolVersion(declaredIn: packet)
            return nil
        }
        version = connect.version
        connectSeen = true
        return content
    }
}

extension ProtocolVersion {
    /// The level behind the protocol name of a CONNECT that may be malformed otherwise.
    fileprivate init?(declaredIn packet: RawSpan) {
        var name = 2
        while name <= 4, name < packet.byteCount, packet.byte(at: name - 1) >= 0x80 { name += 1 }
        guard name + 2 <= packet.byteCount else { return nil }
        let level = name + 2 + Int(packet.two(at: name))
        guard level < packet.byteCount else { return nil }
        self.init(rawValue: packet.byte(at: level))
    }
}
