/// The Variable Byte Integer of 1.5.5: seven bits a byte, lowest first, the eighth says that more follow.
package enum VariableByteInteger {
    /// The largest value four bytes hold, 268,435,455.
    package static let largest = 0x0FFF_FFFF

    /// Bytes that `value` takes, 1 to 4.
    package static func length(of value: Int) -> Int {
        precondition(0...largest ~= value)
        return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4
    }

    /// Reads one integer, which need not be in its shortest form.
    /// - Throws: `.incomplete` if the bytes end first, `.malformed` if a fourth byte says that more follow.
    package static func read(_ bytes: RawSpan, at offset: inout Int) throws(CodecError) -> Int {
        var value = 0
        for index in 0..<4 {
            guard offset + index < bytes.byteCount else { throw .incomplete(needed: 1) }
            let byte = bytes.byte(at: offset + index)
            value |= Int(byte & 0x7F) << (7 * index)
            if byte < 0x80 {
                offset += index + 1
                return value
            }
        }
        throw .malformed(rule: .integerTooLong, offset: offset + 3)
    }

    /// Reads one integer inside a complete packet, where version 5 wants the shortest form.
    static func readField(_ bytes: RawSpan, at offset: inout Int) throws(CodecError) -> Int {
        let start = offset
        let value: Int
        do { value = try read(bytes, at: &offset) } catch {
            guard case .incomplete = error else { throw error }
            throw .malformed(rule: .remainingLength, offset: bytes.byteCount)
        }
        guard offset - start == length(of: value) else {
            throw .malformed(rule: .integerNotMinimal, offset: start)
        }
        return value
    }

    package static func write(_ value: Int, to bytes: inout [UInt8]) {
        precondition(0...largest ~= value)
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
