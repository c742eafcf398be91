/// An Erlang term of the kinds that EMQX stores, to compare rows as values: the order inside maps is not
/// fixed across OTP releases.
package indirect enum Term: Hashable, Sendable {
    case integer(Int64)
    case atom(String)
    case binary([UInt8])
    case tuple([Term])
    case list([Term])
    case map([Term: Term])

    /// Reads one whole term with its version byte, as `binary_to_term` does.
    ///
    /// - Throws: `.truncated`, `.unexpected` or `.tooDeep`, with the place.
    package init(decoding bytes: RawSpan) throws(LayoutError) {
        var offset = 0
        try bytes.expectVersion(at: &offset)
        self = try Term.read(bytes, at: &offset, depth: 0)
        try bytes.expectEnd(at: offset)
    }

    /// EMQX's deepest term, a user property, is five levels down.
    private static let depthLimit = 32

    private static func read(
        _ bytes: RawSpan, at offset: inout Int, depth: Int
    ) throws(LayoutError) -> Term {
        let start = offset
        guard depth < depthLimit else { throw .tooDeep(offset: start) }
        switch try bytes.readTag(at: &offset) {
        case .smallInteger, .integer, .smallBig:
            offset = start
            return .integer(try bytes.readInteger(at: &offset))
        case .smallAtom, .atom:
            offset = start
            let name = try bytes.readAtom(at: &offset)
            let text = bytes.extracting(name).withUnsafeBytes {
                String(validating: $0, as: UTF8.self)
            }
            guard let text else { throw .unexpected(offset: start, expected: .atom) }
            return .atom(text)
        case .binary:
            offset = start
            let range = try bytes.readBinary(at: &offset)
            return .binary(bytes.extracting(range).withUnsafeBytes { Array($0) })
        case .smallTuple:
            let arity = Int(try bytes.readByte(at: &offset))
            return .tuple(try elements(arity, of: bytes, at: &offset, depth: depth))
        case .largeTuple:
            let arity = Int(try bytes.readFour(at: &offset))
            return .tuple(try elements(arity, of: bytes, at: &offset, depth: depth))
        case .null: return .list([])
        case .list:
            let count = Int(try bytes.readFour(at: &offset))
            let list = try elements(count, of: bytes, at: &offset, depth: depth)
            try bytes.expectTail(at: &offset)
            return .list(list)
        case .map:
            let count = Int(try bytes.readFour(at: &offset))
            var pairs: [Term: Term] = [:]
            for _ in 0..<count {
                let key = try read(bytes, at: &offset, depth: depth + 1)
                pairs[key] = try read(bytes, at: &offset, depth: depth + 1)
            }
            return .map(pairs)
        }
    }

    // Grows by what is really there: a damaged count must not reserve memory.
    private static func elements(
        _ count: Int, of bytes: RawSpan, at offset: inout Int, depth: Int
    ) throws(LayoutError) -> [Term] {
        var terms: [Term] = []
        for _ in 0..<count { terms.append(try read(bytes, at: &offset, depth: depth + 1)) }
        return terms
    }
}
