internal import MQTT

extension PublisherHeader {
    /// The header that a stored value has, to write its message again.
    ///
    /// - Parameters:
    ///   - client: the publisher's client id, from `StoredMessage.from`.
    ///   - format: of the store; its `values` is what `value` is read as.
    /// - Returns: nil if the headers in the value are not those that EMQX writes for an MQTT client.
    package init?(of value: RawSpan, client: [UInt8], format: RowFormat) {
        let found: FoundHeader?
        switch format.values {
        case .v1: found = FoundHeader(term: value)
        case .asn1: found = try? FoundHeader(packed: value)
        }
        guard let found, let clientID = String(validating: client, as: UTF8.self) else {
            return nil
        }
        self.init(
            clientID: clientID, peer: found.peer, version: found.version, username: found.username,
            format: format)
    }
}

/// What a value says of the connection that its message came by.
private struct FoundHeader {
    let peer: PeerAddress
    let version: ProtocolVersion
    let username: String?

    private init?(peer: PeerAddress?, version: Int64, username: String?) {
        guard let peer,
            let version = UInt8(exactly: version).flatMap(ProtocolVersion.init(rawValue:))
        else { return nil }
        self.peer = peer
        self.version = version
        self.username = username
    }

    init?(term value: RawSpan) {
        guard case .tuple(let fields)? = try? Term(decoding: value), fields.count == 9,
            case .map(let headers) = fields[4],
            case .integer(let version)? = headers[.atom("proto_ver")]
        else { return nil }
        var username: String?
        if case .binary(let bytes)? = headers[.atom("username")] {
            username = String(validating: bytes, as: UTF8.self)
        }
        self.init(
            peer: headers[.atom("peername")].flatMap(PeerAddress.init(hostAndPort:)),
            version: version, username: username)
    }

    init?(packed value: RawSpan) throws(LayoutError) {
        var bit = 0
        let hasOthers = try value.readFlag(at: &bit)
        _ = try value.readOctets(at: &bit)
        _ = try value.readFlag(at: &bit)
        // Client id, varying levels, payload.
        for _ in 0..<3 { _ = try value.readOctets(at: &bit) }
        _ = try value.readSigned(at: &bit)
        // QoS and flags.
        _ = try value.readBits(5, at: &bit)

        let present = try value.readBits(4, at: &bit)
        guard present & 0b1000 != 0, try value.readBits(2, at: &bit) == 0 else { return nil }
        let version = Int64(try value.readBig(1, at: &bit))
        var peer: PeerAddress?
        if present & 0b0100 != 0 {
            let more = Int(try value.readBits(4, at: &bit))
            _ = try value.readOctets(4 + more, at: &bit)
        }
        if present & 0b0010 != 0 {
            let more = Int(try value.readBits(4, at: &bit))
            let range = try value.readOctets(6 + more, at: &bit)
            let bytes = value.extracting(range).withUnsafeBytes { Array($0) }
            let port = bytes.suffix(2).reduce(0) { $0 << 8 | UInt16($1) }
            peer = PeerAddress(bytes: Array(bytes.dropLast(2)), port: port)
        }
        var username: [UInt8]?
        if present & 0b0001 != 0 {
            var name: [UInt8] = []
            try value.readOctets(at: &bit).append(from: value, to: &name)
            username = name
        }
        if peer == nil, hasOthers {
            // An address of IPv6 is there.
            var ignored: [UInt8] = []
            try ignored.append(packedPropertiesOf: value, at: &bit)
            peer = try value.peerAmongOthers(at: &bit)
        }
        self.init(
            peer: peer, version: version,
            username: username.flatMap { String(validating: $0, as: UTF8.self) })
    }
}

extension RawSpan {
    /// The header `peername` in the list of other things; nil if there is none.
    fileprivate func peerAmongOthers(at bit: inout Int) throws(LayoutError) -> PeerAddress? {
        var hasMore = true
        while hasMore {
            let length = try readLength(at: &bit)
            hasMore = length.hasMore
            for _ in 0..<length.count {
                let kind = PEROther(rawValue: try readBits(3, at: &bit))
                let name = try readOctets(at: &bit)
                guard kind != .flag else {
                    _ = try readFlag(at: &bit)
                    continue
                }
                let content = try readOctets(at: &bit)
                guard kind == .header,
                    name.withBytes(of: self, { try? Term(decoding: $0) }) == .atom("peername")
                else { continue }
                return content.withBytes(of: self) { try? Term(decoding: $0) }
                    .flatMap(PeerAddress.init(hostAndPort:))
            }
        }
        return nil
    }
}

extension PeerAddress {
    /// As Erlang's `inet` has them: a pair of address and port.
    fileprivate init?(hostAndPort term: Term) {
        guard case .tuple(let pair) = term, pair.count == 2, case .tuple(let groups) = pair[0],
            case .integer(let number) = pair[1], let port = UInt16(exactly: number)
        else { return nil }
        var bytes: [UInt8] = []
        for group in groups {
            guard case .integer(let part) = group, let part = UInt16(exactly: part) else {
                return nil
            }
            if groups.count == 8 {
                bytes.append(UInt8(part >> 8))
            } else if part > 0xFF {
                return nil
            }
            bytes.append(UInt8(truncatingIfNeeded: part))
        }
        self.init(bytes: bytes, port: port)
    }
}
