/// Fields of a packet that is all there: running past the end of the span is the packet's fault,
/// so everything here throws `.malformed` and nothing throws `.incomplete`.
extension RawSpan {
    func byte(at offset: Int) -> UInt8 { unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

    func readByte(at offset: inout Int) throws(CodecError) -> UInt8 {
        guard offset < byteCount else { throw .malformed(rule: .remainingLength, offset: offset) }
        defer { offset += 1 }
        return byte(at: offset)
    }

    func readTwo(at offset: inout Int) throws(CodecError) -> UInt16 {
        guard byteCount - offset >= 2 else {
            throw .malformed(rule: .remainingLength, offset: offset)
        }
        defer { offset += 2 }
        return UInt16(byte(at: offset)) << 8 | UInt16(byte(at: offset + 1))
    }

    func readFour(at offset: inout Int) throws(CodecError) -> UInt32 {
        guard byteCount - offset >= 4 else {
            throw .malformed(rule: .remainingLength, offset: offset)
        }
        defer { offset += 4 }
        return UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// A two-byte length and as many bytes.
    func readBinary(at offset: inout Int) throws(CodecError) -> Range<Int> {
        let lengthOffset = offset
        let length = Int(try readTwo(at: &offset))
        guard byteCount - offset >= length else {
            throw .malformed(rule: .remainingLength, offset: lengthOffset)
        }
        defer { offset += length }
        return offset..<offset + length
    }

    /// A UTF-8 Encoded String (1.5.4), checked.
    func readText(at offset: inout Int) throws(CodecError) -> Range<Int> {
        let text = try readBinary(at: &offset)
        if let fault = textFault(in: text) {
            throw .malformed(rule: fault.rule, offset: fault.offset)
        }
        return text
    }

    func readPacketID(at offset: inout Int) throws(CodecError) -> PacketID {
        let start = offset
        guard let id = PacketID(try readTwo(at: &offset)) else {
            throw .malformed(rule: .packetIDZero, offset: start)
        }
        return id
    }

    /// The whole packet has been read.
    func expectEnd(at offset: Int) throws(CodecError) {
        guard offset == byteCount else { throw .malformed(rule: .remainingLength, offset: offset) }
    }

    func firstOffset(of wanted: UInt8, in range: Range<Int>) -> Int? {
        for offset in range where byte(at: offset) == wanted { return offset }
        return nil
    }

    /// The text of a range that has passed `textFault`.
    func string(_ range: Range<Int>) -> String {
        extracting(range).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    func array(_ range: Range<Int>) -> [UInt8] {
        extracting(range).withUnsafeBytes { Array($0) }
    }
}
