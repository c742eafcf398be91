/// Erlang's `phash2` of a binary, by which EMQX chooses the shard of a publisher's client id.
///
/// A binary is hashed as Bob Jenkins's 1996 block hash with the constants of the Erlang runtime;
/// checked against values of a running EMQX 5.8.9.
package struct ShardHash: Hashable, Sendable {
    /// All 32 bits, before `phash2` cuts them.
    package let rawValue: UInt32

    package init(of bytes: RawSpan) {
        let golden: UInt32 = 0x9E37_79B9
        var state = Lanes(a: golden, b: golden, c: golden &* 13)
        let count = bytes.byteCount
        // The runtime does not mix at all for an empty binary.
        guard count > 0 else {
            rawValue = state.c
            return
        }
        var offset = 0
        while count - offset >= 12 {
            state.a &+= bytes.word(at: offset)
            state.b &+= bytes.word(at: offset + 4)
            state.c &+= bytes.word(at: offset + 8)
            state.mix()
            offset += 12
        }
        state.c &+= UInt32(truncatingIfNeeded: count)
        for (position, offset) in (offset..<count).enumerated() {
            let byte = UInt32(bytes.byte(at: offset))
            switch position {
            case 0..<4: state.a &+= byte << UInt32(8 * position)
            case 4..<8: state.b &+= byte << UInt32(8 * (position - 4))
            // The lowest byte of `c` holds the length.
            default: state.c &+= byte << UInt32(8 * (position - 7))
            }
        }
        state.mix()
        rawValue = state.c
    }

    /// `erlang:phash2(Binary)`: 0..<2^27.
    package var phash2: UInt32 { rawValue & (1 << 27 - 1) }

    /// `erlang:phash2(Binary, Count)`.
    package func shard(of count: Int) -> Int {
        precondition(count > 0)
        return Int(rawValue) % count
    }
}

private struct Lanes {
    var a: UInt32
    var b: UInt32
    var c: UInt32

    mutating func mix() {
        a = (a &- b &- c) ^ (c >> 13)
        b = (b &- c &- a) ^ (a << 8)
        c = (c &- a &- b) ^ (b >> 13)
        a = (a &- b &- c) ^ (c >> 12)
        b = (b &- c &- a) ^ (a << 16)
        c = (c &- a &- b) ^ (b >> 5)
        a = (a &- b &- c) ^ (c >> 3)
        b = (b &- c &- a) ^ (a << 10)
        c = (c &- a &- b) ^ (b >> 15)
    }
}

extension RawSpan {
    fileprivate func word(at offset: Int) -> UInt32 {
        UInt32(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
}
