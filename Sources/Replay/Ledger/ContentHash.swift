/// 64 bits that tell payloads apart, eight bytes at a time.
///
/// Not for secrets. Among n messages two different ones share it with a chance of n²/2⁶⁵: of 100 million
/// messages, one in 3,700 ledgers has a pair, and it has to be on one topic to be taken for one message.
func contentHash(_ bytes: RawSpan) -> UInt64 {
    var hash = ContentHash.start ^ UInt64(bytes.byteCount)
    var offset = 0
    while bytes.byteCount - offset >= 8 {
        let word = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
        hash = ContentHash.fold(hash ^ word, ContentHash.inner)
        offset += 8
    }
    var rest: UInt64 = 0
    while offset < bytes.byteCount {
        rest = rest << 8 | UInt64(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
        offset += 1
    }
    return ContentHash.fold(hash ^ rest, ContentHash.outer)
}

private enum ContentHash {
    /// Odd numbers without a pattern: the first digits of π, e and √2 behind the point.
    static let start: UInt64 = 0x243F_6A88_85A3_08D3
    static let inner: UInt64 = 0xB7E1_5162_8AED_2A6B
    static let outer: UInt64 = 0x6A09_E667_F3BC_C909

    /// Both halves of the product: every bit of `word` reaches all of the result.
    static func fold(_ word: UInt64, _ factor: UInt64) -> UInt64 {
        let product = word.multipliedFullWidth(by: factor)
        return (product.high ^ product.low) &+ factor
    }
}
