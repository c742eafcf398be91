internal import MQTT

/// Properties as the ASN.1 schema has them: five that may be missing, in the order of the schema, the user
/// properties, and in the list of other things the topic alias.
extension [UInt8] {
    /// Appends the properties and, behind them, the list of other things.
    ///
    /// - Parameter properties: the property bytes of a PUBLISH, without their length.
    /// - Throws: `.malformed`, also for a property that a client may not send with a message. Bytes have
    ///   then been appended that mean nothing.
    mutating func append(packed properties: RawSpan, and header: PERHeader) throws(CodecError) {
        guard !properties.isEmpty else {
            append(two: 0)
            return append(others: header, alias: nil)
        }
        let found = try FoundProperties(properties)
        let indicator = found[.payloadFormatIndicator]
        let expiry = found[.messageExpiryInterval].map { UInt64($0.number) }
        let texts =
            [
                found[.responseTopic], found[.correlationData], found[.contentType],
            ] as [3 of RawProperty?]

        var bits: UInt8 = (indicator == nil ? 0 : 1 << 7) | (expiry == nil ? 0 : 1 << 6)
        for place in texts.indices where texts[place] != nil { bits |= 1 << UInt8(5 - place) }
        // The size of the expiry takes two bits: behind these five, or behind the byte of the indicator.
        let size = expiry.map { Swift.max(1, (71 - $0.leadingZeroBitCount) / 8) } ?? 1
        append(indicator == nil ? bits | UInt8(size - 1) << 1 : bits)
        if let indicator {
            append(UInt8(truncatingIfNeeded: indicator.number))
            if expiry != nil { append(UInt8(size - 1) << 6) }
        }
        if let expiry { append(big: expiry, size) }
        for place in texts.indices {
            if let text = texts[place] { append(octets: properties.extracting(text.first)) }
        }
        try append(packedPairs: found.pairs, of: properties)
        append(others: header, alias: found[.topicAlias].map { Int64($0.number) })
    }

    private mutating func append(packedPairs count: Int, of properties: RawSpan) throws(CodecError)
    {
        var left = count
        var fragment = append(lengthOf: left)
        guard count > 0 else { return }
        try properties.forEachPair { name, value in
            append(octets: name)
            append(octets: value)
            left -= 1
            guard let size = fragment, size == count - left else { return }
            fragment = append(lengthOf: left).map { $0 + size }
        }
    }

    private mutating func append(others header: PERHeader, alias: Int64?) {
        append(UInt8(header.otherCount + (alias == nil ? 0 : 1)))
        append(contentsOf: header.others)
        guard let alias else { return }
        append(other: .property, "Topic-Alias") { $0.append(integer: alias) }
    }
}

extension [UInt8] {
    /// Appends the property bytes of a PUBLISH from the properties at `bit` of a stored value.
    ///
    /// - Throws: `.truncated` or `.unexpected`. Bytes have then been appended that mean nothing.
    mutating func append(packedPropertiesOf value: RawSpan, at bit: inout Int) throws(LayoutError) {
        let present = try value.readBits(5, at: &bit)
        if present & 1 << 4 != 0 {
            append(PropertyID.payloadFormatIndicator.rawValue)
            append(UInt8(truncatingIfNeeded: try value.readBig(1, at: &bit)))
        }
        if present & 1 << 3 != 0 {
            let size = Int(try value.readBits(2, at: &bit)) + 1
            append(PropertyID.messageExpiryInterval.rawValue)
            append(four: Int(try value.readBig(size, at: &bit)))
        }
        let texts: [3 of PropertyID] = [.responseTopic, .correlationData, .contentType]
        for place in texts.indices where present & 1 << UInt8(2 - place) != 0 {
            append(texts[place].rawValue)
            try append(packedField: value, at: &bit)
        }
        var hasMore = true
        while hasMore {
            let length = try value.readLength(at: &bit)
            hasMore = length.hasMore
            for _ in 0..<length.count {
                append(PropertyID.userProperty.rawValue)
                try append(packedField: value, at: &bit)
                try append(packedField: value, at: &bit)
            }
        }
    }

    /// An OCTET STRING as an MQTT field, its length in two bytes.
    private mutating func append(packedField value: RawSpan, at bit: inout Int) throws(LayoutError)
    {
        let start = bit / 8
        let text = try value.readOctets(at: &bit)
        guard let count = UInt16(exactly: text.count) else {
            throw .unexpected(offset: start, expected: .property)
        }
        append(two: count)
        text.append(from: value, to: &self)
    }
}
