/// Adler-32, the checksum that Ra puts on every entry of its log (RFC 1950, section 8.2).
package struct Adler32: Sendable {
    private var sum: UInt32 = 1
    private var weighted: UInt32 = 0

    /// The largest prime below 2^16.
    private static let modulus: UInt32 = 65_521
    /// So many bytes of 255 can be added before the weighted sum leaves 32 bits (zlib calls it NMAX).
    private static let run = 5_552

    package init() {}

    package var value: UInt32 { weighted << 16 | sum }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var start = 0
        while start < bytes.count {
            let end = min(start + Self.run, bytes.count)
            var (sum, weighted) = (sum, weighted)
            for place in start..<end {
                sum &+= UInt32(bytes[place])
                weighted &+= sum
            }
            self.sum = sum % Self.modulus
            self.weighted = weighted % Self.modulus
            start = end
        }
    }
}
