/// Two words to one that depends on every bit of both: the halves of their product.
@inline(__always)
func mixed(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
}

/// Odd words without a pattern: the fractions of the square roots of 2, 3, 5 and 7.
enum MixingWord {
    static let a: UInt64 = 0x6A09_E667_F3BC_C909
    static let b: UInt64 = 0xBB67_AE85_84CA_A73B
    static let c: UInt64 = 0x3C6E_F372_FE94_F82B
    static let d: UInt64 = 0xA54F_F53A_5F1D_36F1
}

/// Of bytes that are compared once and by it alone.
func mixed(_ bytes: RawSpan) -> UInt64 {
    var (hash, offset) = (MixingWord.a ^ UInt64(bytes.byteCount), 0)
    while bytes.byteCount - offset >= 8 {
        hash = mixed(hash ^ bytes.eight(at: offset), MixingWord.b)
        offset += 8
    }
    while offset < bytes.byteCount {
        hash = mixed(hash ^ UInt64(bytes.byte(at: offset)), MixingWord.c)
        offset += 1
    }
    return hash
}
