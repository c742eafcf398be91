/// How terms are read: nothing is built, ranges are offsets in the span. Stored bytes may be damaged, so
/// everything here throws and nothing reads past the end.
extension RawSpan {
    func byte(at offset: Int) -> UInt8 { unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

    func readByte(at offset: inout Int) throws(LayoutError) -> UInt8 {
        guard offset < byteCount else { throw .truncated(offset: offset) }
        defer { offset += 1 }
        return byte(at: offset)
    }

    func readTwo(at offset: inout Int) throws(LayoutError) -> UInt16 {
        guard byteCount - offset >= 2 else { throw .truncated(offset: offset) }
        defer { offset += 2 }
        return UInt16(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    func readFour(at offset: inout Int) throws(LayoutError) -> UInt32 {
        guard byteCount - offset >= 4 else { throw .truncated(offset: offset) }
        defer { offset += 4 }
        return UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    func readBytes(_ count: Int, at offset: inout Int) throws(LayoutError) -> Range<Int> {
        guard byteCount - offset >= count else { throw .truncated(offset: offset) }
        defer { offset += count }
        return offset..<offset + count
    }

    func readTag(at offset: inout Int) throws(LayoutError) -> TermTag {
        let start = offset
        guard let tag = TermTag(rawValue: try readByte(at: &offset)) else {
            throw .unexpected(offset: start, expected: .tag)
        }
        return tag
    }

    func expectVersion(at offset: inout Int) throws(LayoutError) {
        let start = offset
        guard try readByte(at: &offset) == TermTag.version else {
            throw .unexpected(offset: start, expected: .versionByte)
        }
    }

    func expectTuple(of arity: Int, at offset: inout Int) throws(LayoutError) {
        let start = offset
        guard try readTag(at: &offset) == .smallTuple, Int(try readByte(at: &offset)) == arity
        else {
            throw .unexpected(offset: start, expected: .tuple)
        }
    }

    func expectEnd(at offset: Int) throws(LayoutError) {
        guard offset == byteCount else { throw .unexpected(offset: offset, expected: .endOfTerm) }
    }

    func readBinary(at offset: inout Int) throws(LayoutError) -> Range<Int> {
        let start = offset
        guard try readTag(at: &offset) == .binary else {
            throw .unexpected(offset: start, expected: .binary)
        }
        return try readBytes(Int(try readFour(at: &offset)), at: &offset)
    }

    /// The range of the name, in either encoding.
    func readAtom(at offset: inout Int) throws(LayoutError) -> Range<Int> {
        let start = offset
        switch try readTag(at: &offset) {
        case .smallAtom: return try readBytes(Int(try readByte(at: &offset)), at: &offset)
        case .atom: return try readBytes(Int(try readTwo(at: &offset)), at: &offset)
        default: throw .unexpected(offset: start, expected: .atom)
        }
    }

    func readBoolean(at offset: inout Int) throws(LayoutError) -> Bool {
        let start = offset
        let name = try readAtom(at: &offset)
        if equals("true", in: name) { return true }
        if equals("false", in: name) { return false }
        throw .unexpected(offset: start, expected: .boolean)
    }

    func readInteger(at offset: inout Int) throws(LayoutError) -> Int64 {
        let start = offset
        switch try readTag(at: &offset) {
        case .smallInteger: return Int64(try readByte(at: &offset))
        case .integer: return Int64(Int32(bitPattern: try readFour(at: &offset)))
        case .smallBig:
            let size = Int(try readByte(at: &offset))
            let sign = try readByte(at: &offset)
            let digits = try readBytes(size, at: &offset)
            var magnitude: UInt64 = 0
            for (place, digit) in digits.enumerated() {
                let value = UInt64(byte(at: digit))
                guard place < 8 || value == 0 else {
                    throw .unexpected(offset: start, expected: .integer)
                }
                if place < 8 { magnitude |= value << UInt64(8 * place) }
            }
            // Erlang's smallest is never written in eight bytes by us; refusing it keeps negation safe.
            guard sign <= 1, let value = Int64(exactly: magnitude) else {
                throw .unexpected(offset: start, expected: .integer)
            }
            return sign == 0 ? value : -value
        default: throw .unexpected(offset: start, expected: .integer)
        }
    }

    /// The number of pairs.
    func readMap(at offset: inout Int) throws(LayoutError) -> Int {
        let start = offset
        guard try readTag(at: &offset) == .map else {
            throw .unexpected(offset: start, expected: .map)
        }
        return Int(try readFour(at: &offset))
    }

    /// The number of elements; a list that is not empty has its tail still to come.
    func readList(at offset: inout Int) throws(LayoutError) -> Int {
        let start = offset
        switch try readTag(at: &offset) {
        case .null: return 0
        case .list: return Int(try readFour(at: &offset))
        default: throw .unexpected(offset: start, expected: .list)
        }
    }

    func expectTail(at offset: inout Int) throws(LayoutError) {
        let start = offset
        guard try readTag(at: &offset) == .null else {
            throw .unexpected(offset: start, expected: .list)
        }
    }

    /// Passes over one term of any kind.
    func skipTerm(at offset: inout Int) throws(LayoutError) {
        // Terms still to pass; nesting needs no stack when nothing is built.
        var pending = 1
        while pending > 0 {
            pending -= 1
            switch try readTag(at: &offset) {
            case .smallInteger: offset += 1
            case .integer: offset += 4
            case .null: break
            case .smallTuple: pending += Int(try readByte(at: &offset))
            case .largeTuple: pending += Int(try readFour(at: &offset))
            case .list: pending += Int(try readFour(at: &offset)) + 1
            case .map: pending += 2 * Int(try readFour(at: &offset))
            case .binary: offset += Int(try readFour(at: &offset))
            case .smallBig: offset += Int(try readByte(at: &offset)) + 1
            case .smallAtom: offset += Int(try readByte(at: &offset))
            case .atom: offset += Int(try readTwo(at: &offset))
            }
            guard offset <= byteCount else { throw .truncated(offset: byteCount) }
        }
    }

    func equals(_ text: StaticString, in range: Range<Int>) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        return extracting(range).withUnsafeBytes { bytes in
            text.withUTF8Buffer { bytes.elementsEqual($0) }
        }
    }
}
