/// A property as it lies in the bytes.
package struct RawProperty: Equatable, Sendable {
    package let id: PropertyID
    /// The value of a number, else 0.
    package let number: UInt32
    /// The bytes of a text or of binary data, or of the name in a user property; else empty.
    package let first: Range<Int>
    /// The bytes of the value in a user property; else empty.
    package let second: Range<Int>
}

/// Steps through properties without building any.
package enum PropertyWalk {
    /// Reads the property at `offset` and moves `offset` behind it; `nil` at the end of `bytes`.
    ///
    /// For the properties in the middle of a packet, pass `packet.extracting(first: properties.upperBound)` and start
    /// at `properties.lowerBound`: then the ranges are offsets in the packet.
    /// - Throws: `.malformed` for an unknown identifier, a value out of its range, ill-formed text, or a property that
    ///   the end cuts off. Whether the packet may carry it, and how often, is for `check` to say.
    package static func next(
        _ bytes: RawSpan, at offset: inout Int
    ) throws(CodecError) -> RawProperty? {
        guard offset < bytes.byteCount else { return nil }
        let start = offset
        guard let id = PropertyID(rawValue: try bytes.readByte(at: &offset)) else {
            throw .malformed(rule: .propertyNotAllowed, offset: start)
        }
        let format = id.format
        let (value, none) = (offset, offset..<offset)
        let number: UInt32
        switch format.kind {
        case .byte: number = UInt32(try bytes.readByte(at: &offset))
        case .two: number = UInt32(try bytes.readTwo(at: &offset))
        case .four: number = try bytes.readFour(at: &offset)
        case .variable: number = UInt32(try VariableByteInteger.readField(bytes, at: &offset))
        case .text:
            let text = try bytes.readText(at: &offset)
            // [MQTT-3.3.2-14]
            if id == .responseTopic, let wildcard = bytes.firstWildcard(in: text) {
                throw .malformed(rule: .wildcardInResponseTopic, offset: wildcard)
            }
            return RawProperty(id: id, number: 0, first: text, second: none)
        case .binary:
            let data = try bytes.readBinary(at: &offset)
            return RawProperty(id: id, number: 0, first: data, second: none)
        case .pair:
            let name = try bytes.readText(at: &offset)
            let text = try bytes.readText(at: &offset)
            return RawProperty(id: id, number: 0, first: name, second: text)
        }
        guard format.values.contains(number) else {
            throw .malformed(
                rule: id == .topicAlias ? .topicAliasZero : .propertyValue, offset: value)
        }
        return RawProperty(id: id, number: number, first: none, second: none)
    }

    /// Walks the properties in `range` and asks of each whether `place` may carry it and whether it came before.
    @discardableResult
    static func check(
        _ packet: RawSpan, _ range: Range<Int>, in place: PropertyPlaces
    ) throws(CodecError) -> PropertySummary {
        guard !range.isEmpty else { return PropertySummary() }
        let bytes = packet.extracting(first: range.upperBound)
        var (offset, start) = (range.lowerBound, range.lowerBound)
        // identifiers end at 0x2A, so one bit each fits
        var seen: UInt64 = 0
        var summary = PropertySummary()
        while let property = try next(bytes, at: &offset) {
            let id = property.id
            guard id.format.places.isSuperset(of: place) else {
                throw .malformed(rule: .propertyNotAllowed, offset: start)
            }
            let bit: UInt64 = 1 << UInt64(id.rawValue)
            guard seen & bit == 0 || id.repeats(in: place) else {
                throw .malformed(rule: .propertyTwice, offset: start)
            }
            switch id {
            case .topicAlias: summary.topicAlias = UInt16(property.number)
            case .messageExpiryInterval: summary.messageExpiry = property.number
            case .subscriptionIdentifier: summary.hasSubscriptionIdentifier = true
            default: break
            }
            seen |= bit
            start = offset
        }
        return summary
    }
}

/// What a broker asks of the properties of a PUBLISH before anything else.
struct PropertySummary {
    /// 0 if there is none.
    var topicAlias: UInt16 = 0
    var hasSubscriptionIdentifier = false
    /// Seconds; nil if there is none.
    var messageExpiry: UInt32?
}

/// The Message Expiry Interval among property bytes as they lie in a PUBLISH, seconds; nil if there is none.
/// - Parameter properties: bytes that were checked when they came, without their length.
package func messageExpiryInterval(in properties: RawSpan) -> UInt32? {
    guard let offset = messageExpiryOffset(in: properties) else { return nil }
    return UInt32(
        bigEndian: properties.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
}

/// Where the four bytes of the Message Expiry Interval are.
func messageExpiryOffset(in properties: RawSpan) -> Int? {
    var offset = 0
    do throws(CodecError) {
        while let property = try PropertyWalk.next(properties, at: &offset) {
            if property.id == .messageExpiryInterval { return offset - 4 }
        }
    } catch { return nil }
    return nil
}

extension RawSpan {
    /// The bytes of a property list, found by the length before it; not yet checked.
    func readPropertyRange(at offset: inout Int) throws(CodecError) -> Range<Int> {
        let start = offset
        let length = try VariableByteInteger.readField(self, at: &offset)
        guard byteCount - offset >= length else {
            throw .malformed(rule: .remainingLength, offset: start)
        }
        defer { offset += length }
        return offset..<offset + length
    }

    /// A whole property list, checked; empty before version 5, which brought them.
    func readProperties(
        at offset: inout Int, in place: PropertyPlaces, version: ProtocolVersion
    ) throws(CodecError) -> [Property] {
        guard version == .v5 else { return [] }
        let range = try readPropertyRange(at: &offset)
        try PropertyWalk.check(self, range, in: place)
        return try properties(in: range)
    }

    func properties(in range: Range<Int>) throws(CodecError) -> [Property] {
        let bytes = extracting(first: range.upperBound)
        var offset = range.lowerBound
        var properties: [Property] = []
        while let raw = try PropertyWalk.next(bytes, at: &offset) {
            properties.append(Property(raw, in: bytes))
        }
        return properties
    }
}
