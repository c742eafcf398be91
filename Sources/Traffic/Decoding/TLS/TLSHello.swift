/// What a ServerHello decides.
struct ServerHello: Equatable {
    let random: TLSRandom
    let suite: UInt16
    let isCompressed: Bool
    /// As numbered on the wire; 0x0303 is TLS 1.2 and 0x0304 TLS 1.3.
    let version: UInt16
    /// It asks for another ClientHello and decides nothing yet (RFC 8446, section 4.1.4).
    var isRetry: Bool { random == Self.retry }

    /// The random of a HelloRetryRequest, SHA-256 of that word (RFC 8446, section 4.1.3).
    private static let retry = TLSRandom(
        ([
            0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65,
            0xB8,
            0x91, 0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8,
            0xA8,
            0x33, 0x9C,
        ] as [UInt8]).span.bytes, at: 0)
    private static let supportedVersions: UInt16 = 43

    /// - Parameter body: of the handshake message. Nil if it is none.
    init?(_ body: RawSpan) {
        // Version, random and the length of the session's name
        guard body.byteCount >= 35 else { return nil }
        random = TLSRandom(body, at: 2)
        var at = 35 + Int(body.byte(at: 34))
        guard body.byteCount >= at + 3 else { return nil }
        suite = body.two(at: at)
        isCompressed = body.byte(at: at + 2) != 0
        at += 3
        var version = body.two(at: 0)
        if body.byteCount >= at + 2 {
            let end = min(body.byteCount, at + 2 + Int(body.two(at: at)))
            at += 2
            while at + 4 <= end {
                let (kind, length) = (body.two(at: at), Int(body.two(at: at + 2)))
                if kind == Self.supportedVersions, length == 2, at + 6 <= end {
                    version = body.two(at: at + 4)
                }
                at += 4 + length
            }
        }
        self.version = version
    }
}

/// Puts the handshake messages of one direction together. Those that nobody here reads are left out.
struct TLSHandshake {
    /// Those that are read (RFC 8446, section 4).
    enum Kind: UInt8 {
        case clientHello = 1
        case serverHello = 2
        case endOfEarlyData = 5
        case finished = 20
        case keyUpdate = 24
    }

    struct Message {
        let kind: Kind
        let body: [UInt8]
    }

    private var carry: [UInt8] = []
    private var toSkip = 0

    /// No hello is longer.
    private static let longest = 64 << 10
    private static let headerLength = 4

    /// - Returns: the messages that are whole now.
    mutating func feed(_ bytes: RawSpan) -> [Message] {
        var messages: [Message] = []
        var offset = 0
        while offset < bytes.byteCount {
            if toSkip > 0 {
                let skipped = min(toSkip, bytes.byteCount - offset)
                toSkip -= skipped
                offset += skipped
                continue
            }
            let wanted = wanted - carry.count
            let taken = min(wanted, bytes.byteCount - offset)
            bytes.extracting(offset..<offset + taken).withUnsafeBytes {
                carry.append(contentsOf: $0)
            }
            offset += taken
            if let message = take() { messages.append(message) }
        }
        return messages
    }

    /// Messages are missing or damaged; the next record begins with a new one, as far as one can tell.
    mutating func lose() { self = TLSHandshake() }

    /// Bytes that `carry` has to hold for what comes next.
    private var wanted: Int {
        carry.count < Self.headerLength ? Self.headerLength : Self.headerLength + length
    }

    private var length: Int { Int(carry[1]) << 16 | Int(carry[2]) << 8 | Int(carry[3]) }

    private mutating func take() -> Message? {
        guard carry.count >= Self.headerLength else { return nil }
        guard let kind = Kind(rawValue: carry[0]), length <= Self.longest else {
            toSkip = Self.headerLength + length - carry.count
            carry.removeAll(keepingCapacity: true)
            return nil
        }
        guard carry.count == Self.headerLength + length else { return nil }
        defer { carry.removeAll(keepingCapacity: true) }
        return Message(kind: kind, body: Array(carry.dropFirst(Self.headerLength)))
    }
}
