extension Term {
    /// The whole term with its version byte, as `term_to_binary` writes it. Maps are written by the order of
    /// their keys' bytes, so that equal terms have equal bytes.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = [TermTag.version]
        append(to: &bytes)
        return bytes
    }

    private func append(to bytes: inout [UInt8]) {
        switch self {
        case .integer(let value): bytes.append(integer: value)
        case .atom(let name):
            precondition(name.utf8.count < 256)
            bytes.append(tag: .smallAtom)
            bytes.append(UInt8(name.utf8.count))
            bytes.append(contentsOf: name.utf8)
        case .binary(let content):
            bytes.append(binary: content.count)
            bytes.append(contentsOf: content)
        case .tuple(let elements):
            bytes.append(tuple: elements.count)
            for element in elements { element.append(to: &bytes) }
        case .list(let elements):
            if !elements.isEmpty {
                bytes.append(list: elements.count)
                for element in elements { element.append(to: &bytes) }
            }
            bytes.append(tag: .null)
        case .map(let pairs):
            bytes.append(map: pairs.count)
            let encoded = pairs.map { key, value in
                var pair: [UInt8] = []
                key.append(to: &pair)
                value.append(to: &pair)
                return pair
            }
            for pair in encoded.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                bytes.append(contentsOf: pair)
            }
        }
    }
}
