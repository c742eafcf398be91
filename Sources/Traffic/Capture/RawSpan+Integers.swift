/// Integers as they lie in captures and on networks. A caller asks only for what it knows to be there.
extension RawSpan {
    func byte(at offset: Int) -> UInt8 { unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

    /// In network byte order unless said otherwise.
    func two(at offset: Int, bigEndian: Bool = true) -> UInt16 {
        let value = unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self)
        return bigEndian ? UInt16(bigEndian: value) : UInt16(littleEndian: value)
    }

    func four(at offset: Int, bigEndian: Bool = true) -> UInt32 {
        let value = unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
        return bigEndian ? UInt32(bigEndian: value) : UInt32(littleEndian: value)
    }

    func eight(at offset: Int, bigEndian: Bool = true) -> UInt64 {
        let value = unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
        return bigEndian ? UInt64(bigEndian: value) : UInt64(littleEndian: value)
    }
}
