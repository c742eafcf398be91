/// How ASN.1's aligned packed encoding rules write what EMQX's schema has (ITU-T X.691). Only whole bytes
/// come here; the few bits between them are put together where they stand.
extension [UInt8] {
    /// An OCTET STRING without size constraints (X.691 11.9.3): up to 127 bytes after one length byte, up
    /// to 16,383 after two, else in fragments.
    mutating func append(octets bytes: RawSpan) {
        var offset = 0
        while let size = append(lengthOf: bytes.byteCount - offset) {
            append(span: bytes.extracting(offset..<offset + size))
            offset += size
        }
        append(span: bytes.extracting(offset..<bytes.byteCount))
    }

    /// Appends the length of what remains, or of the next fragment of it.
    ///
    /// - Returns: the size of that fragment, after which the length of the rest has to follow; nil if all
    ///   that remains follows.
    mutating func append(lengthOf count: Int) -> Int? {
        if count < 0x80 {
            append(UInt8(count))
        } else if count < PERFragment.unit {
            append(two: 0x8000 | UInt16(count))
        } else {
            let units = Swift.min(count / PERFragment.unit, PERFragment.unitsAtMost)
            append(0xC0 | UInt8(units))
            return units * PERFragment.unit
        }
        return nil
    }

    /// An INTEGER without constraints: its length, and two's complement in as few bytes as hold it.
    mutating func append(signed value: Int64) {
        let used = 65 - (value < 0 ? ~value : value).leadingZeroBitCount
        let size = (used + 7) / 8
        append(UInt8(size))
        append(big: UInt64(bitPattern: value), size)
    }

    /// The lowest `size` bytes, the highest of them first.
    mutating func append(big value: UInt64, _ size: Int) {
        for place in stride(from: size - 1, through: 0, by: -1) {
            append(UInt8(truncatingIfNeeded: value >> UInt64(8 * place)))
        }
    }
}

/// X.691 11.9.3.8: long strings and lists come in fragments of one to four times 16,384.
enum PERFragment {
    static let unit = 16_384
    static let unitsAtMost = 4
}
