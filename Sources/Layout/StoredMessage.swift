package import MQTT

/// A message read back from the value stored under its key.
package struct StoredMessage: Equatable, Sendable {
    package let qos: QoS
    package let dup: Bool
    package let retain: Bool
    /// The publisher's client id.
    package let from: StoredBytes
    /// The tokens of the varying levels, joined by "/"; `TopicTrie.appendTopic` makes the topic of them.
    /// Always empty in EMQX 6, where they stand in the key: see `DataKey.appendVarying`.
    package let varying: StoredBytes
    package let payload: StoredBytes
    /// Milliseconds since 1970.
    package let timestamp: Int64

    /// Reads a value, of serialization schema v1 with its maps in any order.
    ///
    /// - Parameter properties: the property bytes for a PUBLISH, without their length, are appended here.
    ///   A topic alias is not among them.
    /// - Throws: `.truncated` or `.unexpected`; nothing has been appended then.
    package init(
        decoding value: RawSpan, as format: ValueFormat = .v1,
        appendingPropertiesTo properties: inout [UInt8]
    ) throws(LayoutError) {
        let before = properties.count
        do {
            switch format {
            case .v1: self = try StoredMessage.read(term: value, &properties)
            case .asn1: self = try StoredMessage.read(packed: value, &properties)
            }
        } catch {
            properties.removeLast(properties.count - before)
            throw error
        }
    }

    private static func read(
        term value: RawSpan, _ properties: inout [UInt8]
    ) throws(LayoutError) -> StoredMessage {
        var offset = 0
        try value.expectVersion(at: &offset)
        try value.expectTuple(of: 9, at: &offset)
        _ = try value.readBinary(at: &offset)
        let qosOffset = offset
        guard let level = UInt8(exactly: try value.readInteger(at: &offset)),
            let qos = QoS(rawValue: level)
        else { throw .unexpected(offset: qosOffset, expected: .qos) }
        let from = try value.readBinary(at: &offset)
        var (dup, retain) = (false, false)
        for _ in 0..<(try value.readMap(at: &offset)) {
            let name = try value.readAtom(at: &offset)
            if value.equals("dup", in: name) {
                dup = try value.readBoolean(at: &offset)
            } else if value.equals("retain", in: name) {
                retain = try value.readBoolean(at: &offset)
            } else {
                try value.skipTerm(at: &offset)
            }
        }
        for _ in 0..<(try value.readMap(at: &offset)) {
            let name = try value.readAtom(at: &offset)
            if value.equals("properties", in: name) {
                try properties.append(propertiesOf: value, at: &offset)
            } else {
                try value.skipTerm(at: &offset)
            }
        }
        let varying = try value.readBinary(at: &offset)
        let payload = try value.readBinary(at: &offset)
        let timestamp = try value.readInteger(at: &offset)
        try value.skipTerm(at: &offset)
        try value.expectEnd(at: offset)
        return StoredMessage(
            qos: qos, dup: dup, retain: retain, from: StoredBytes(from),
            varying: StoredBytes(varying), payload: StoredBytes(payload), timestamp: timestamp)
    }

    private static func read(
        packed value: RawSpan, _ properties: inout [UInt8]
    ) throws(LayoutError) -> StoredMessage {
        var bit = 0
        let hasOthers = try value.readFlag(at: &bit)
        _ = try value.readOctets(at: &bit)
        // Whether the sender is a client or a part of the broker: an atom is bytes all the same.
        _ = try value.readFlag(at: &bit)
        let from = try value.readOctets(at: &bit)
        let varying = try value.readOctets(at: &bit)
        let payload = try value.readOctets(at: &bit)
        let timestamp = try value.readSigned(at: &bit)
        guard let qos = QoS(rawValue: try value.readBits(2, at: &bit)) else {
            throw .unexpected(offset: bit / 8, expected: .qos)
        }
        let flags = try value.readBits(3, at: &bit)
        try value.skipPackedHeaders(at: &bit)
        try properties.append(packedPropertiesOf: value, at: &bit)
        if hasOthers { try value.skipPackedOthers(at: &bit) }
        // What is left of the last byte is padding.
        guard (bit + 7) / 8 == value.byteCount else {
            throw .unexpected(offset: (bit + 7) / 8, expected: .endOfMessage)
        }
        return StoredMessage(
            qos: qos, dup: flags & 0b010 != 0, retain: flags & 0b001 != 0, from: from,
            varying: varying, payload: payload, timestamp: timestamp)
    }

    private init(
        qos: QoS, dup: Bool, retain: Bool, from: StoredBytes, varying: StoredBytes,
        payload: StoredBytes, timestamp: Int64
    ) {
        self.qos = qos
        self.dup = dup
        self.retain = retain
        self.from = from
        self.varying = varying
        self.payload = payload
        self.timestamp = timestamp
    }
}

extension RawSpan {
    /// Protocol and version, peer address and name, user name: each if it is there.
    fileprivate func skipPackedHeaders(at bit: inout Int) throws(LayoutError) {
        let present = try readBits(4, at: &bit)
        if present & 0b1000 != 0 {
            // mqtt, mqtt-sn or coap
            guard try readBits(2, at: &bit) < 3 else {
                throw .unexpected(offset: bit / 8, expected: .choice)
            }
            _ = try readBig(1, at: &bit)
        }
        // 4 to 16 bytes of address, and 6 to 18 of address and port.
        if present & 0b0100 != 0 { try skipPackedHost(at: &bit, atLeast: 4) }
        if present & 0b0010 != 0 { try skipPackedHost(at: &bit, atLeast: 6) }
        if present & 0b0001 != 0 { _ = try readOctets(at: &bit) }
    }

    private func skipPackedHost(at bit: inout Int, atLeast smallest: Int) throws(LayoutError) {
        let more = Int(try readBits(4, at: &bit))
        guard more <= 12 else { throw .unexpected(offset: bit / 8, expected: .choice) }
        _ = try readOctets(smallest + more, at: &bit)
    }

    fileprivate func skipPackedOthers(at bit: inout Int) throws(LayoutError) {
        var hasMore = true
        while hasMore {
            let length = try readLength(at: &bit)
            hasMore = length.hasMore
            for _ in 0..<length.count {
                guard let kind = PEROther(rawValue: try readBits(3, at: &bit)) else {
                    throw .unexpected(offset: bit / 8, expected: .choice)
                }
                _ = try readOctets(at: &bit)
                // A flag is true or false, everything else has a value.
                if kind == .flag {
                    _ = try readFlag(at: &bit)
                } else {
                    _ = try readOctets(at: &bit)
                }
            }
        }
    }
}
