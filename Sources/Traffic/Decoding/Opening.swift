internal import MQTT

/// What the first bytes that one end sends are the beginning of.
enum Opening: Equatable {
    /// A CONNECT, as far as its protocol name.
    case connect
    /// A TLS record.
    case tls
    case undecided
    case other

    init(_ bytes: RawSpan) {
        guard bytes.byteCount >= 2 else {
            self =
                bytes.byteCount == 0 || [0x10, 0x16].contains(bytes.byte(at: 0))
                ? .undecided : .other
            return
        }
        switch bytes.byte(at: 0) {
        case 0x10: self = Self.connect(bytes)
        // Handshake, of TLS 1.x
        case 0x16: self = bytes.byte(at: 1) == 3 ? .tls : .other
        default: self = .other
        }
    }

    private static func connect(_ bytes: RawSpan) -> Opening {
        switch PacketLength(bytes, at: 0) {
        case .incomplete: return .undecided
        case .impossible: return .other
        case .known: break
        }
        var name = 2
        while bytes.byte(at: name - 1) >= 0x80 { name += 1 }
        let rest = bytes.extracting(name..<bytes.byteCount)
        for expected in protocolNames {
            let length = min(expected.count, rest.byteCount)
            guard (0..<length).allSatisfy({ rest.byte(at: $0) == expected[$0] }) else { continue }
            return length == expected.count ? .connect : .undecided
        }
        return .other
    }

    private static let protocolNames: [[UInt8]] = ProtocolVersion.allCases.map {
        let name = Array("\($0.protocolName)".utf8)
        return [0, UInt8(name.count)] + name
    }
}
