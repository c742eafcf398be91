internal import MQTT

/// The properties of a PUBLISH under the names that EMQX stores them by, in alphabetical order.
struct StoredProperty: Sendable {
    let id: PropertyID
    let name: StaticString
    /// A topic alias is stored as it came, but means something on the publisher's connection only.
    var isForwarded: Bool { id != .topicAlias }

    static let all: [7 of StoredProperty] = [
        StoredProperty(id: .contentType, name: "Content-Type"),
        StoredProperty(id: .correlationData, name: "Correlation-Data"),
        StoredProperty(id: .messageExpiryInterval, name: "Message-Expiry-Interval"),
        StoredProperty(id: .payloadFormatIndicator, name: "Payload-Format-Indicator"),
        StoredProperty(id: .responseTopic, name: "Response-Topic"),
        StoredProperty(id: .topicAlias, name: "Topic-Alias"),
        StoredProperty(id: .userProperty, name: "User-Property"),
    ]

    static func index(of id: PropertyID) -> Int? {
        for index in all.indices where all[index].id == id { return index }
        return nil
    }
}

extension [UInt8] {
    /// Appends the map of properties that a value holds.
    ///
    /// - Parameter properties: the property bytes of a PUBLISH, without their length.
    /// - Throws: `.malformed`, also for a property that a client may not send with a message. Bytes have
    ///   then been appended that mean nothing.
    mutating func append(properties: RawSpan, _ atoms: AtomEncoding) throws(CodecError) {
        guard !properties.isEmpty else { return append(map: 0) }
        let found = try FoundProperties(properties)
        append(map: found.distinct)
        for index in StoredProperty.all.indices {
            guard let property = found.found[index] else { continue }
            append(atom: StoredProperty.all[index].name, as: atoms)
            switch property.id.format.kind {
            case .byte, .two, .four, .variable: append(integer: Int64(property.number))
            case .text, .binary: append(binary: properties.extracting(property.first))
            case .pair: try append(pairs: found.pairs, of: properties)
            }
        }
    }

    private mutating func append(pairs count: Int, of properties: RawSpan) throws(CodecError) {
        append(list: count)
        try properties.forEachPair { name, value in
            append(tuple: 2)
            append(binary: name)
            append(binary: value)
        }
        append(tag: .null)
    }

    /// Appends the property bytes of a PUBLISH from the map at `offset` of a stored value.
    ///
    /// - Throws: `.truncated` or `.unexpected`. Bytes have then been appended that mean nothing.
    mutating func append(propertiesOf value: RawSpan, at offset: inout Int) throws(LayoutError) {
        for _ in 0..<(try value.readMap(at: &offset)) {
            let name = try value.readAtom(at: &offset)
            guard let property = StoredProperty.named(name, in: value), property.isForwarded else {
                try value.skipTerm(at: &offset)
                continue
            }
            let start = offset
            let format = property.id.format
            switch format.kind {
            case .byte, .two, .four, .variable:
                let number = try value.readInteger(at: &offset)
                guard let number = UInt32(exactly: number), format.values.contains(number) else {
                    throw .unexpected(offset: start, expected: .property)
                }
                append(property.id.rawValue)
                if case .byte = format.kind {
                    append(UInt8(number))
                } else {
                    append(four: Int(number))
                }
            case .text, .binary:
                append(property.id.rawValue)
                try append(field: value, at: &offset)
            case .pair:
                let count = try value.readList(at: &offset)
                for _ in 0..<count {
                    try value.expectTuple(of: 2, at: &offset)
                    append(property.id.rawValue)
                    try append(field: value, at: &offset)
                    try append(field: value, at: &offset)
                }
                if count > 0 { try value.expectTail(at: &offset) }
            }
        }
    }

    /// A binary as an MQTT field, its length in two bytes.
    private mutating func append(field value: RawSpan, at offset: inout Int) throws(LayoutError) {
        let start = offset
        let range = try value.readBinary(at: &offset)
        guard let count = UInt16(exactly: range.count) else {
            throw .unexpected(offset: start, expected: .property)
        }
        append(two: count)
        append(span: value.extracting(range))
    }
}

extension StoredProperty {
    fileprivate static func named(_ name: Range<Int>, in value: RawSpan) -> StoredProperty? {
        for index in all.indices where value.equals(all[index].name, in: name) { return all[index] }
        return nil
    }
}
