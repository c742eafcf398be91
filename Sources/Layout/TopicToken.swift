/// One level of a topic name, found and hashed in one pass.
struct TopicToken {
    /// Offsets in the topic.
    let range: Range<Int>
    let hash: UInt64

    /// Reads the level that starts at `start`, which may be the end of the topic: "a/" ends in an empty level.
    init(of topic: RawSpan, at start: Int) {
        let count = topic.byteCount
        var offset = start
        var hash: UInt64 = 0
        while count - offset >= 8 {
            let word = UInt64(
                littleEndian: topic.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
            let slashes = word.slashes
            guard slashes == 0 else {
                let bits = UInt64(slashes.trailingZeroBitCount) & ~7
                offset += Int(bits / 8)
                self.init(start..<offset, hash.mixed(with: word & (1 << bits &- 1)))
                return
            }
            hash = hash.mixed(with: word)
            offset += 8
        }
        var rest: UInt64 = 0
        var bits: UInt64 = 0
        while offset < count {
            let byte = topic.byte(at: offset)
            if byte == UInt8(ascii: "/") { break }
            rest |= UInt64(byte) << bits
            bits += 8
            offset += 1
        }
        self.init(start..<offset, hash.mixed(with: rest))
    }

    // The length tells "a" from "a\0".
    private init(_ range: Range<Int>, _ hash: UInt64) {
        self.range = range
        self.hash = hash.mixed(with: UInt64(range.count))
    }
}

extension UInt64 {
    /// Multiplies by a large odd number and folds both halves, so that each bit reaches each other.
    func mixed(with other: UInt64) -> UInt64 {
        let product = (self ^ other ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(
            by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }

    /// The high bit of each byte that is "/"; exact up to the lowest one.
    fileprivate var slashes: UInt64 {
        let differences = self ^ 0x2F2F_2F2F_2F2F_2F2F
        return (differences &- 0x0101_0101_0101_0101) & ~differences & 0x8080_8080_8080_8080
    }
}

extension RawSpan {
    /// Whether two ranges of equal length hold the same bytes.
    func hasEqualBytes(_ range: Range<Int>, as other: RawSpan, _ otherStart: Int) -> Bool {
        var offset = range.lowerBound
        let shift = otherStart - range.lowerBound
        while range.upperBound - offset >= 8 {
            let mine = unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let theirs = other.unsafeLoadUnaligned(fromByteOffset: offset + shift, as: UInt64.self)
            if mine != theirs { return false }
            offset += 8
        }
        while offset < range.upperBound {
            if byte(at: offset) != other.byte(at: offset + shift) { return false }
            offset += 1
        }
        return true
    }
}
