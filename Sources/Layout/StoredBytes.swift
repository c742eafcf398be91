/// Where in a stored value some bytes are: in one piece, or, in ASN.1 from 16 KiB on, in several with their
/// lengths between.
package struct StoredBytes: Equatable, Sendable {
    /// Offsets in the value. Of fragments, from the length of the first to the end of the last.
    package let range: Range<Int>
    /// How many bytes there are, without lengths.
    package let count: Int
    /// Whether lengths stand between them.
    package let isFragmented: Bool

    package init(_ range: Range<Int>) {
        self.range = range
        count = range.count
        isFragmented = false
    }

    /// - Parameter range: has been read once and holds whole fragments.
    init(fragments range: Range<Int>, count: Int) {
        self.range = range
        self.count = count
        isFragmented = true
    }

    /// Appends the bytes in one piece.
    /// - Parameter value: the value that they were found in.
    package func append(from value: RawSpan, to bytes: inout [UInt8]) {
        guard isFragmented else { return bytes.append(span: value.extracting(range)) }
        var bit = 8 * range.lowerBound
        // A value that could be read once can be read again.
        while bit < 8 * range.upperBound, let length = try? value.readLength(at: &bit),
            let fragment = try? value.readOctets(length.count, at: &bit)
        {
            bytes.append(span: value.extracting(fragment))
        }
    }

    /// Lends the bytes in one piece; copies them only if they are in several.
    package func withBytes<Result, E: Error>(
        of value: RawSpan, _ body: (RawSpan) throws(E) -> Result
    ) throws(E) -> Result {
        guard isFragmented else { return try body(value.extracting(range)) }
        var joined: [UInt8] = []
        joined.reserveCapacity(count)
        append(from: value, to: &joined)
        return try body(joined.span.bytes)
    }
}
