/// What a UTF-8 Encoded String may contain, without building a `String`.
extension RawSpan {
    /// The first byte in `range` that is not well-formed UTF-8 (Unicode, table 3-7) or is U+0000.
    func textFault(in range: Range<Int>) -> (rule: Rule, offset: Int)? {
        var offset = range.lowerBound
        while offset < range.upperBound {
            if range.upperBound - offset >= 8 {
                let word = unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
                if word.isPlainASCII {
                    offset += 8
                    continue
                }
            }
            let lead = byte(at: offset)
            if lead == 0 { return (.nullCharacter, offset) }
            let length = scalarLength(at: offset, end: range.upperBound)
            if length == 0 { return (.illFormedText, offset) }
            offset += length
        }
        return nil
    }

    /// Bytes of the well-formed scalar that starts at `offset`, or 0 if there is none before `end`.
    private func scalarLength(at offset: Int, end: Int) -> Int {
        let lead = byte(at: offset)
        // The second byte is what tells overlong forms, surrogates and scalars above U+10FFFF apart.
        let (length, second): (Int, ClosedRange<UInt8>)
        switch lead {
        case 0x00...0x7F: return 1
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return 0
        }
        guard end - offset >= length, second.contains(byte(at: offset + 1)) else { return 0 }
        for next in offset + 2..<offset + length where byte(at: next) & 0xC0 != 0x80 { return 0 }
        return length
    }
}

extension UInt64 {
    /// Eight bytes, none of them zero and none above 0x7F.
    fileprivate var isPlainASCII: Bool {
        let high: UInt64 = 0x8080_8080_8080_8080
        let ones: UInt64 = 0x0101_0101_0101_0101
        return (self | (self &- ones)) & high == 0
    }
}
