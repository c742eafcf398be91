internal import MQTT

/// What the first bytes that one end sends are the beginning of.
enum Opening: Equatable {
    /// A CONNECT, as far as its protocol name.
    case connect
    /// A PROXY header.
    case proxy
    /// A TLS handshake.
    case tls
    /// A TLS record of a connection that has begun before.
    case tlsInside
    /// An HTTP request for a resource.
    case httpRequest
    case httpAnswer
    case undecided
    case other

    init(_ bytes: RawSpan) {
        guard bytes.byteCount > 0 else {
            self = .undecided
            return
        }
        switch bytes.byte(at: 0) {
        case 0x10: self = Self.connect(bytes)
        case 0x14...0x17: self = Self.tls(bytes)
        case UInt8(ascii: "G"): self = Self.word(Self.get, .httpRequest, bytes)
        case UInt8(ascii: "H"): self = Self.word(Self.http, .httpAnswer, bytes)
        case UInt8(ascii: "P"): self = Self.word(ProxyHeader.word, .proxy, bytes)
        case 0x0D: self = Self.word(ProxyHeader.signature, .proxy, bytes)
        default: self = .other
        }
    }

    private static func word(_ word: [UInt8], _ meaning: Opening, _ bytes: RawSpan) -> Opening {
        guard bytes.agrees(with: word) else { return .other }
        return bytes.byteCount >= word.count ? meaning : .undecided
    }

    private static let get = Array("GET /".utf8)
    private static let http = Array("HTTP/1.1 ".utf8)

    /// ChangeCipherSpec, alert, handshake or application data, of TLS 1.x (RFC 8446, section 5.1).
    private static func tls(_ bytes: RawSpan) -> Opening {
        guard bytes.byteCount >= 2 else { return .undecided }
        guard bytes.byte(at: 1) == 3 else { return .other }
        // A handshake is believed at once, anything else if its length is one.
        if bytes.byte(at: 0) == 0x16 {
            guard bytes.byteCount >= 6 else { return .undecided }
            return 1...2 ~= bytes.byte(at: 5) ? .tls : .tlsInside
        }
        guard bytes.byteCount >= TLSRecord.headerLength else { return .undecided }
        return bytes.byte(at: 2) <= 4 && 1...TLSRecord.longest ~= Int(bytes.two(at: 3))
            ? .tlsInside : .other
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
            guard rest.agrees(with: expected) else { continue }
            return rest.byteCount >= expected.count ? .connect : .undecided
        }
        return .other
    }

    private static let protocolNames: [[UInt8]] = ProtocolVersion.allCases.map {
        let name = Array("\($0.protocolName)".utf8)
        return [0, UInt8(name.count)] + name
    }
}
