/// How terms are written. What we write is ours, so a term that does not fit is a trap, not an error.
extension [UInt8] {
    mutating func append(tag: TermTag) { append(tag.rawValue) }

    mutating func append(span: RawSpan) {
        span.withUnsafeBytes { append(contentsOf: $0) }
    }

    mutating func append(two value: UInt16) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    mutating func append(four value: Int) {
        var bytes = UInt32(value).bigEndian
        Swift.withUnsafeBytes(of: &bytes) { append(contentsOf: $0) }
    }

    mutating func append(eight value: UInt64) {
        var bytes = value.bigEndian
        Swift.withUnsafeBytes(of: &bytes) { append(contentsOf: $0) }
    }

    mutating func append(tuple arity: Int) {
        if arity < 256 {
            append(tag: .smallTuple)
            append(UInt8(arity))
        } else {
            append(tag: .largeTuple)
            append(four: arity)
        }
    }

    /// The head of a map; `count` pairs of terms have to follow.
    mutating func append(map count: Int) {
        append(tag: .map)
        append(four: count)
    }

    /// The head of a list that is not empty; `count` terms and its tail have to follow.
    mutating func append(list count: Int) {
        append(tag: .list)
        append(four: count)
    }

    mutating func append(atom name: StaticString, as encoding: AtomEncoding) {
        precondition(name.utf8CodeUnitCount < 256)
        switch encoding {
        case .otp26:
            append(tag: .smallAtom)
            append(UInt8(name.utf8CodeUnitCount))
        case .otp25:
            append(tag: .atom)
            append(two: UInt16(name.utf8CodeUnitCount))
        }
        name.withUTF8Buffer { append(contentsOf: $0) }
    }

    /// The head of a binary; `count` bytes have to follow.
    mutating func append(binary count: Int) {
        append(tag: .binary)
        append(four: count)
    }

    mutating func append(binary bytes: RawSpan) {
        append(binary: bytes.byteCount)
        append(span: bytes)
    }

    /// In the shortest form, as `term_to_binary` does.
    mutating func append(integer value: Int64) {
        if let small = UInt8(exactly: value) {
            append(tag: .smallInteger)
            append(small)
        } else if let medium = Int32(exactly: value) {
            append(tag: .integer)
            append(four: Int(UInt32(bitPattern: medium)))
        } else {
            append(tag: .smallBig)
            let magnitude = value.magnitude
            let size = (64 - magnitude.leadingZeroBitCount + 7) / 8
            append(UInt8(size))
            append(value < 0 ? 1 : 0)
            let digits = magnitude.littleEndian
            Swift.withUnsafeBytes(of: digits) { append(contentsOf: $0.prefix(size)) }
        }
    }
}
