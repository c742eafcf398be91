/// Integers as they lie in a trace file.
extension [UInt8] {
    mutating func append(little value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// Seven bits a byte, the lowest first; the eighth bit says that more follow (LEB128).
    mutating func append(variable value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    /// Small numbers of either sign in few bytes: 0, -1, 1, -2 … become 0, 1, 2, 3 …
    mutating func append(signed value: Int64) {
        append(variable: UInt64(bitPattern: value << 1 ^ value >> 63))
    }

    mutating func append(counted text: some Collection<UInt8>) {
        append(variable: UInt64(text.count))
        append(contentsOf: text)
    }

    mutating func append(span: RawSpan) {
        span.withUnsafeBytes { append(contentsOf: $0) }
    }
}

/// Reading them, never beyond the end.
extension RawSpan {
    func readVariable(at offset: inout Int) throws(BlockFault) -> UInt64 {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while offset < byteCount {
            let byte = byte(at: offset)
            offset += 1
            // The tenth byte has room for one bit.
            if shift == 63, byte > 1 { throw BlockFault(why: "a number has more than 64 bits") }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw BlockFault(why: "a block ends inside a number")
    }

    func readSigned(at offset: inout Int) throws(BlockFault) -> Int64 {
        let value = try readVariable(at: &offset)
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// A number of things of which each takes at least one byte that is still to come.
    func readCount(at offset: inout Int) throws(BlockFault) -> Int {
        let count = try readVariable(at: &offset)
        guard count <= UInt64(byteCount - offset) else {
            throw BlockFault(why: "a block ends before what it says it holds")
        }
        return Int(count)
    }

    func readCounted(at offset: inout Int) throws(BlockFault) -> Range<Int> {
        let count = try readCount(at: &offset)
        defer { offset += count }
        return offset..<offset + count
    }

    func readText(countedAt offset: inout Int) throws(BlockFault) -> String {
        let range = try readCounted(at: &offset)
        let text = extracting(range).withUnsafeBytes { String(validating: $0, as: UTF8.self) }
        guard let text else { throw BlockFault(why: "a text is not UTF-8") }
        return text
    }

    func readOne(at offset: inout Int) throws(BlockFault) -> UInt8 {
        guard offset < byteCount else { throw BlockFault(why: "a block ends inside an event") }
        defer { offset += 1 }
        return byte(at: offset)
    }

    func readEndpoint(at offset: inout Int) throws(BlockFault) -> Endpoint {
        let length = Int(try readOne(at: &offset))
        guard length == 4 || length == 16, offset + length + 2 <= byteCount else {
            throw BlockFault(why: "an address is not whole")
        }
        let address = extracting(offset..<offset + length).withUnsafeBytes { Array($0) }
        let port = two(at: offset + length)
        offset += length + 2
        return Endpoint(address: address, port: port)
    }
}

extension [UInt8] {
    /// The length of the address (4 or 16), the address and the port, both as on the wire.
    mutating func append(_ endpoint: Endpoint) {
        let address = endpoint.address
        append(UInt8(address.count))
        append(contentsOf: address)
        append(UInt8(endpoint.port >> 8))
        append(UInt8(truncatingIfNeeded: endpoint.port))
    }
}
