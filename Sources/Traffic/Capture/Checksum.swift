/// The sum of one's complement that IP and TCP use (RFC 1071).
enum Checksum {
    /// Of 16-bit words in network order; an odd byte at the end is the upper half of one.
    static func sum(_ bytes: RawSpan, adding start: UInt64 = 0) -> UInt64 {
        var sum = start
        var offset = 0
        // Four bytes at a time: carries gather in the upper half and are folded at the end.
        while offset + 4 <= bytes.byteCount {
            let word = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
            sum += UInt64(UInt32(bigEndian: word))
            offset += 4
        }
        if offset + 2 <= bytes.byteCount {
            let word = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self)
            sum += UInt64(UInt16(bigEndian: word))
            offset += 2
        }
        if offset < bytes.byteCount {
            sum += UInt64(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)) << 8
        }
        return sum
    }

    /// What goes into the packet.
    static func folded(_ sum: UInt64) -> UInt16 {
        var sum = sum
        while sum > 0xFFFF { sum = (sum & 0xFFFF) + (sum >> 16) }
        return ~UInt16(sum)
    }
}
