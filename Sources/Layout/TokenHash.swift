/// The eight bytes by which the index rows of a varying level find its tokens: the first half of MD5
/// (RFC 1321), big-endian.
///
/// Computed here because each varying level of each message needs one, and a hash object of the crypto library
/// is on the heap. Nothing is protected by it.
package struct TokenHash: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package init(of token: RawSpan) {
        var digest = MD5()
        var offset = 0
        var block = [16 of UInt32](repeating: 0)
        while token.byteCount - offset >= 64 {
            for word in 0..<16 {
                block[word] = UInt32(
                    littleEndian: token.unsafeLoadUnaligned(
                        fromByteOffset: offset + 4 * word, as: UInt32.self))
            }
            digest.mix(block.span)
            offset += 64
        }
        block = [16 of UInt32](repeating: 0)
        let rest = token.byteCount - offset
        for place in 0..<rest {
            block[place / 4] |= UInt32(token.byte(at: offset + place)) << UInt32(8 * (place % 4))
        }
        block[rest / 4] |= 0x80 << UInt32(8 * (rest % 4))
        if rest >= 56 {
            digest.mix(block.span)
            block = [16 of UInt32](repeating: 0)
        }
        let bits = UInt64(token.byteCount) * 8
        block[14] = UInt32(truncatingIfNeeded: bits)
        block[15] = UInt32(truncatingIfNeeded: bits >> 32)
        digest.mix(block.span)
        rawValue = UInt64(digest.a.byteSwapped) << 32 | UInt64(digest.b.byteSwapped)
    }
}

private struct MD5 {
    var a: UInt32 = 0x6745_2301
    var b: UInt32 = 0xEFCD_AB89
    var c: UInt32 = 0x98BA_DCFE
    var d: UInt32 = 0x1032_5476

    mutating func mix(_ block: Span<UInt32>) {
        let before = self
        round(0, (7, 12, 17, 22), block, { $0 }, { b, c, d in d ^ (b & (c ^ d)) })
        round(16, (5, 9, 14, 20), block, { 5 &* $0 &+ 1 }, { b, c, d in c ^ (d & (b ^ c)) })
        round(32, (4, 11, 16, 23), block, { 3 &* $0 &+ 5 }, { b, c, d in b ^ c ^ d })
        round(48, (6, 10, 15, 21), block, { 7 &* $0 }, { b, c, d in c ^ (b | ~d) })
        a &+= before.a
        b &+= before.b
        c &+= before.c
        d &+= before.d
    }

    /// Sixteen steps; four at a time, after which each word is in its own place again.
    @inline(__always)
    private mutating func round(
        _ first: Int, _ shifts: (UInt32, UInt32, UInt32, UInt32), _ block: Span<UInt32>,
        _ word: (Int) -> Int, _ f: (UInt32, UInt32, UInt32) -> UInt32
    ) {
        var step = first
        while step < first + 16 {
            turn(f(b, c, d), block[word(step) & 15], step, shifts.0)
            turn(f(b, c, d), block[word(step + 1) & 15], step + 1, shifts.1)
            turn(f(b, c, d), block[word(step + 2) & 15], step + 2, shifts.2)
            turn(f(b, c, d), block[word(step + 3) & 15], step + 3, shifts.3)
            step += 4
        }
    }

    @inline(__always)
    private mutating func turn(_ f: UInt32, _ word: UInt32, _ step: Int, _ shift: UInt32) {
        let sum = a &+ f &+ word &+ MD5.sines[step]
        (a, b, c, d) = (d, b &+ ((sum &<< shift) | (sum &>> (32 &- shift))), b, c)
    }

    /// The integer part of 2^32 · |sin(step + 1)|.
    private static let sines: [64 of UInt32] = [
        0xD76A_A478, 0xE8C7_B756, 0x2420_70DB, 0xC1BD_CEEE,
        0xF57C_0FAF, 0x4787_C62A, 0xA830_4613, 0xFD46_9501,
        0x6980_98D8, 0x8B44_F7AF, 0xFFFF_5BB1, 0x895C_D7BE,
        0x6B90_1122, 0xFD98_7193, 0xA679_438E, 0x49B4_0821,
        0xF61E_2562, 0xC040_B340, 0x265E_5A51, 0xE9B6_C7AA,
        0xD62F_105D, 0x0244_1453, 0xD8A1_E681, 0xE7D3_FBC8,
        0x21E1_CDE6, 0xC337_07D6, 0xF4D5_0D87, 0x455A_14ED,
        0xA9E3_E905, 0xFCEF_A3F8, 0x676F_02D9, 0x8D2A_4C8A,
        0xFFFA_3942, 0x8771_F681, 0x6D9D_6122, 0xFDE5_380C,
        0xA4BE_EA44, 0x4BDE_CFA9, 0xF6BB_4B60, 0xBEBF_BC70,
        0x289B_7EC6, 0xEAA1_27FA, 0xD4EF_3085, 0x0488_1D05,
        0xD9D4_D039, 0xE6DB_99E5, 0x1FA2_7CF8, 0xC4AC_5665,
        0xF429_2244, 0x432A_FF97, 0xAB94_23A7, 0xFC93_A039,
        0x655B_59C3, 0x8F0C_CC92, 0xFFEF_F47D, 0x8584_5DD1,
        0x6FA8_7E4F, 0xFE2C_E6E0, 0xA301_4314, 0x4E08_11A1,
        0xF753_7E82, 0xBD3A_F235, 0x2AD7_D2BB, 0xEB86_D391,
    ]
}
