/// How ASN.1's aligned packed encoding rules are read. Offsets count bits; stored bytes may be damaged, so
/// everything here throws and nothing reads past the end.
extension RawSpan {
    /// - Parameter count: 1 to 8.
    func readBits(_ count: Int, at bit: inout Int) throws(LayoutError) -> UInt8 {
        guard bit + count <= 8 * byteCount else { throw .truncated(offset: bit / 8) }
        var value: UInt8 = 0
        for place in bit..<bit + count {
            value = value << 1 | byte(at: place / 8) >> UInt8(7 - place % 8) & 1
        }
        bit += count
        return value
    }

    func readFlag(at bit: inout Int) throws(LayoutError) -> Bool {
        try readBits(1, at: &bit) == 1
    }

    /// A number in whole bytes, big-endian, after padding.
    /// - Parameter size: 0 to 8 bytes.
    func readBig(_ size: Int, at bit: inout Int) throws(LayoutError) -> UInt64 {
        var value: UInt64 = 0
        for place in try readOctets(size, at: &bit) { value = value << 8 | UInt64(byte(at: place)) }
        return value
    }

    /// An INTEGER without constraints, of at most eight bytes.
    func readSigned(at bit: inout Int) throws(LayoutError) -> Int64 {
        let size = try readBig(1, at: &bit)
        guard 1...8 ~= size else {
            throw .unexpected(offset: bit / 8 - 1, expected: .integer)
        }
        let unused = UInt64(64 - 8 * size)
        let value = try readBig(Int(size), at: &bit)
        return Int64(bitPattern: value << unused) >> Int64(unused)
    }

    /// `size` bytes after padding.
    func readOctets(_ size: Int, at bit: inout Int) throws(LayoutError) -> Range<Int> {
        let start = (bit + 7) / 8
        guard byteCount - start >= size else { throw .truncated(offset: start) }
        bit = 8 * (start + size)
        return start..<start + size
    }

    /// A length after padding.
    /// - Returns: how much follows, and whether another length comes after that.
    func readLength(at bit: inout Int) throws(LayoutError) -> (count: Int, hasMore: Bool) {
        let first = Int(try readBig(1, at: &bit))
        switch first {
        case ..<0x80: return (first, false)
        case ..<0xC0: return ((first & 0x3F) << 8 | Int(try readBig(1, at: &bit)), false)
        case 0xC1...0xC0 + PERFragment.unitsAtMost:
            return ((first & 0x3F) * PERFragment.unit, true)
        default: throw .unexpected(offset: bit / 8 - 1, expected: .choice)
        }
    }

    /// An OCTET STRING without size constraints.
    func readOctets(at bit: inout Int) throws(LayoutError) -> StoredBytes {
        let start = (bit + 7) / 8
        var (count, hasMore) = try readLength(at: &bit)
        guard hasMore else { return StoredBytes(try readOctets(count, at: &bit)) }
        var total = 0
        while true {
            total += try readOctets(count, at: &bit).count
            guard hasMore else { break }
            (count, hasMore) = try readLength(at: &bit)
        }
        return StoredBytes(fragments: start..<bit / 8, count: total)
    }
}
