internal import MQTT
package import Measure

/// Saying no: to a CONNECT by CONNACK, to a connection by DISCONNECT.
extension SessionLayer {
    /// Answers a CONNECT that somebody else than the session layer turned down, and closes.
    /// - Parameters:
    ///   - reason: of version 5; older clients are told what comes closest.
    ///   - packet: the CONNECT, which says what version its client speaks.
    package func refuse(
        _ number: Int, reason: UInt8, packet: RawSpan, at now: MonotonicTime,
        into outbox: inout Outbox
    ) {
        let level = Self.protocolLevel(of: packet).map { $0 & 0x7F }
        refuse(
            number, code: reason, version: level.flatMap(ProtocolVersion.init) ?? .v5, because: nil,
            into: &outbox)
    }

    /// Answers a first packet that breaks a rule. Only a CONNECT is answered at all; before version 5 only its version
    /// is [MQTT-3.1.4-1], [MQTT-3.1.2-2].
    func refuseBroken(
        _ packet: RawSpan, _ error: CodecError, _ number: Int, at now: MonotonicTime,
        into outbox: inout Outbox
    ) {
        let type = packet.byteCount > 0 ? packet.unsafeLoad(fromByteOffset: 0, as: UInt8.self) : 0
        guard type >> 4 == PacketType.connect.rawValue, let level = Self.protocolLevel(of: packet)
        else { return drop(number, reason: .malformedPacket, at: now, into: &outbox) }
        if case .malformed(.protocolLevel, _) = error {
            return refuse(
                number, code: Reason.unsupportedProtocolVersion.rawValue,
                version: level & 0x7F > ProtocolVersion.v3_1_1.rawValue ? .v5 : .v3_1_1,
                because: error.sentence, into: &outbox)
        }
        guard ProtocolVersion(rawValue: level) == .v5 else {
            return drop(number, reason: .malformedPacket, at: now, into: &outbox)
        }
        refuse(
            number, code: Reason(error).rawValue, version: .v5, because: error.sentence,
            into: &outbox)
    }

    /// CONNACK with a reason code of version 5 or what the version has for it, and the end.
    func refuse(
        _ number: Int, code: UInt8, version: ProtocolVersion, because sentence: String?,
        into outbox: inout Outbox
    ) {
        guard let connection = connections[number] else { return }
        counters.refusedConnects += 1
        var connack = Connack(reasonCode: code)
        if version < .v5 {
            connack.reasonCode = Self.returnCode(for: code)
        } else if let sentence, connection.terms.packetLimit > Self.roomForReason {  // [MQTT-3.2.2-19]
            connack.properties = [.reasonString(sentence)]
        }
        outbox.send(to: number) { Packet.connack(connack).write(to: &$0, version: version) }
        outbox.close(number)
        _ = connections.close(number)
    }

    /// Tells a version 5 client why, and ends the connection.
    /// - Parameter sentence: the rule that was broken.
    func drop(
        _ number: Int, reason: Reason, because sentence: String? = nil, at now: MonotonicTime,
        into outbox: inout Outbox
    ) {
        guard let connection = connections[number] else { return }
        if connection.version == .v5, connection.session != nil {
            var disconnect = Disconnect(reasonCode: reason.rawValue)
            // [MQTT-3.14.2-3]
            if let sentence, connection.terms.wantsProblems,
                connection.terms.packetLimit > Self.roomForReason
            {
                disconnect.properties = [.reasonString(sentence)]
            }
            outbox.send(to: number) { Packet.disconnect(disconnect).write(to: &$0, version: .v5) }
        }
        outbox.close(number)
        closed(number, at: now, into: &outbox)
    }

    /// Bytes that a packet with a reason string of ours has at most.
    private static let roomForReason = 256

    /// The Protocol Level byte of a CONNECT, with the bit of bridges.
    /// - Returns: nil for what has no protocol name of MQTT.
    private static func protocolLevel(of packet: RawSpan) -> UInt8? {
        func byte(_ offset: Int) -> UInt8 {
            packet.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
        }
        // Behind the type and one to four bytes of length there are two bytes of length and the name.
        var offset = 1
        while offset < min(5, packet.byteCount), byte(offset) & 0x80 != 0 { offset += 1 }
        offset += 1
        guard offset + 2 <= packet.byteCount else { return nil }
        let length = Int(byte(offset)) << 8 | Int(byte(offset + 1))
        guard offset + 2 + length < packet.byteCount else { return nil }
        let name = packet.extracting(offset + 2..<offset + 2 + length)
        let isKnown = name.withUnsafeBytes { bytes in
            ProtocolVersion.allCases.contains { version in
                version.protocolName.withUTF8Buffer { $0.elementsEqual(bytes) }
            }
        }
        return isKnown ? byte(offset + 2 + length) : nil
    }

    /// The return code of CONNACK before version 5 that comes closest (MQTT 3.1.1, table 3.1).
    private static func returnCode(for reason: UInt8) -> UInt8 {
        switch reason {
        case 0x84: 0x01
        case 0x85: 0x02
        case 0x86, 0x8C: 0x04
        case 0x87, 0x8A: 0x05
        default: 0x03
        }
    }
}

extension CodecError {
    /// For a reason string.
    var sentence: String? {
        if case .malformed(let rule, _) = self { rule.sentence } else { nil }
    }
}
