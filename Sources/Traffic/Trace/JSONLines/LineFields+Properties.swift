internal import MQTT

extension LineFields {
    mutating func properties(
        in place: PropertyPlaces, _ version: ProtocolVersion
    ) throws(FieldFault) -> [Property] {
        guard var fields = try object("properties") else { return [] }
        guard version == .v5 else {
            throw fault(
                "properties", "are not in version \(version.jsonName)", "write \"version\":\"5.0\"")
        }
        var properties: [Property] = []
        while let member = fields.takeFirst() {
            // Binary data may stand under a name of their own.
            var name = member.name
            if name.hasSuffix(JSONText.base64) { name.removeLast(JSONText.base64.count) }
            guard let id = PropertyID.named(name), id.format.places.isSuperset(of: place) else {
                throw fields.fault(member.name, "is no property of this packet", "leave it out")
            }
            guard id.repeats(in: place) || !properties.contains(where: { $0.id == id }) else {
                throw fields.fault(member.name, "is there twice", "leave one out")
            }
            properties += try fields.property(id, member, mayRepeat: id.repeats(in: place))
        }
        return properties
    }

    /// One property, or several of those that may repeat.
    private func property(
        _ id: PropertyID, _ member: JSONValue.Member, mayRepeat: Bool
    ) throws(FieldFault) -> [Property] {
        if mayRepeat, case .array(let values) = member.value {
            var properties: [Property] = []
            for value in values {
                properties.append(try one(id, JSONValue.Member(name: member.name, value: value)))
            }
            guard !properties.isEmpty else {
                throw fault(member.name, "is an empty list", "leave it out")
            }
            return properties
        }
        return [try one(id, member)]
    }

    private func one(
        _ id: PropertyID, _ member: JSONValue.Member
    ) throws(FieldFault) -> Property {
        var bytes = [id.rawValue]
        switch id.format.kind {
        case .byte: bytes.append(try number(member.value, of: member.name))
        case .two:
            let number: UInt16 = try number(member.value, of: member.name)
            bytes.append(contentsOf: [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)])
        case .four:
            let number: UInt32 = try number(member.value, of: member.name)
            for shift: UInt32 in [24, 16, 8, 0] {
                bytes.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        case .variable:
            let number: UInt32 = try number(member.value, of: member.name)
            guard number <= VariableByteInteger.largest else {
                throw fault(
                    member.name, "is \(number)", "MQTT has room for \(VariableByteInteger.largest)")
            }
            VariableByteInteger.write(Int(number), to: &bytes)
        case .text, .binary:
            var alone = LineFields([member])
            let name = id.jsonName
            guard let data = try alone.data(name), data.count <= 0xFFFF else {
                throw fault(member.name, "is no text of at most 65535 bytes", "write it in quotes")
            }
            bytes.appendText(data)
        case .pair:
            guard case .array(let pair) = member.value, pair.count == 2,
                case .string(let name) = pair[0], case .string(let text) = pair[1],
                name.utf8.count <= 0xFFFF, text.utf8.count <= 0xFFFF
            else {
                throw fault(member.name, "is no list of pairs", "write [[\"name\",\"value\"]]")
            }
            bytes.appendText(Array(name.utf8))
            bytes.appendText(Array(text.utf8))
        }
        var offset = 0
        let span = bytes.span.bytes
        guard let raw = try? PropertyWalk.next(span, at: &offset) else {
            throw fault(
                member.name, "has a value that MQTT does not allow", "see its section in MQTT 5.0")
        }
        return Property(raw, in: span)
    }
}

extension [UInt8] {
    fileprivate mutating func appendText(_ text: [UInt8]) {
        append(UInt8(text.count >> 8))
        append(UInt8(truncatingIfNeeded: text.count))
        append(contentsOf: text)
    }
}
