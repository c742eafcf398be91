/// Numbers in the files of the shared log: least significant byte first.
extension [UInt8] {
    mutating func append(little value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}

extension UnsafeRawBufferPointer {
    /// The number at `offset`.
    /// - Precondition: it lies within these bytes.
    func little<Number: FixedWidthInteger>(_ offset: Int, as type: Number.Type = Number.self)
        -> Number
    {
        precondition(offset >= 0 && offset + Number.bitWidth / 8 <= count)
        var number = Number.zero
        Swift.withUnsafeMutableBytes(of: &number) {
            $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: self[offset..<offset + $0.count]))
        }
        return Number(littleEndian: number)
    }
}
