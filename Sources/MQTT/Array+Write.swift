/// How fields are written. What we write is ours, so a field that does not fit is a trap, not an error.
extension [UInt8] {
    mutating func append(two value: UInt16) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    mutating func append(four value: UInt32) {
        append(two: UInt16(truncatingIfNeeded: value >> 16))
        append(two: UInt16(truncatingIfNeeded: value))
    }

    mutating func append(text: String) {
        let count = text.utf8.count
        precondition(count <= 0xFFFF)
        append(two: UInt16(count))
        append(contentsOf: text.utf8)
    }

    mutating func append(binary: [UInt8]) { append(binary: binary.span.bytes) }

    mutating func append(binary: RawSpan) {
        precondition(binary.byteCount <= 0xFFFF)
        append(two: UInt16(binary.byteCount))
        append(span: binary)
    }

    mutating func append(span: RawSpan) {
        span.withUnsafeBytes { append(contentsOf: $0) }
    }

    /// Writes what `body` writes, with its length before it.
    ///
    /// One byte is kept free for the length; a body of 128 bytes and more is moved by the bytes that are missing.
    mutating func appendMeasured(_ body: (inout [UInt8]) -> Void) {
        let start = count
        append(0)
        body(&self)
        let length = count - start - 1
        precondition(length <= VariableByteInteger.largest)
        self[start] = UInt8(length & 0x7F) | (length > 0x7F ? 0x80 : 0)
        guard length > 0x7F else { return }
        var rest: [UInt8] = []
        VariableByteInteger.write(length >> 7, to: &rest)
        insert(contentsOf: rest, at: start + 1)
    }

    /// Writes a packet around `body`.
    mutating func appendPacket(_ type: PacketType, _ body: (inout [UInt8]) -> Void) {
        append(type.rawValue << 4 | (type.reservedFlags ?? 0))
        appendMeasured(body)
    }
}
