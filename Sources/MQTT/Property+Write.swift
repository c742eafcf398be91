/// How property lists are written; the format of each comes from `PropertyID.format`.
extension [UInt8] {
    /// A property list with its length; nothing before version 5, which brought them.
    mutating func append(
        _ properties: [Property], in place: PropertyPlaces, version: ProtocolVersion
    ) {
        guard version == .v5 else { return }
        appendMeasured { $0.append(bare: properties, in: place) }
    }

    /// A property list without its length.
    mutating func append(bare properties: [Property], in place: PropertyPlaces) {
        var seen: UInt64 = 0
        for property in properties {
            let (id, bit) = (property.id, UInt64(1) << UInt64(property.id.rawValue))
            precondition(id.format.places.isSuperset(of: place))
            precondition(seen & bit == 0 || id.repeats(in: place))
            seen |= bit
            append(property)
        }
    }

    private mutating func append(_ property: Property) {
        let (id, value) = property.parts
        append(id.rawValue)
        switch value {
        case .number(let number): append(number, as: id.format)
        case .text(let text): append(text: text)
        case .binary(let data): append(binary: data)
        case .pair(let name, let text):
            append(text: name)
            append(text: text)
        }
    }

    private mutating func append(_ number: UInt32, as format: PropertyFormat) {
        precondition(format.values.contains(number))
        switch format.kind {
        case .byte: append(UInt8(number))
        case .two: append(two: UInt16(number))
        case .four: append(four: number)
        case .variable: VariableByteInteger.write(Int(number), to: &self)
        case .text, .binary, .pair: preconditionFailure("a number has a numeric format")
        }
    }
}
