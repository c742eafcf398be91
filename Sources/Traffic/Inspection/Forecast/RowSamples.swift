/// Rows as they would lie in a table, to see how well RocksDB's blocks compress: keys and values, of each
/// stream together. When the budget is used up, every other one is dropped and from then on only half as
/// many are taken.
struct RowSamples {
    private struct Sample {
        let stream: UInt64
        /// In `bytes`.
        let range: Range<Int>
    }

    private static let budget = 1 << 20
    /// A longer row makes a block of its own; its beginning tells enough.
    private static let longest = 16 << 10

    private var bytes: [UInt8] = []
    private var samples: [Sample] = []
    private var stride = 1
    private var offered = 0

    mutating func offer(_ row: RawSpan, stream: UInt64) {
        offered += 1
        guard offered % self.stride == 0 else { return }
        let count = min(row.byteCount, Self.longest)
        if bytes.count + count > Self.budget { thin() }
        let start = bytes.count
        row.extracting(first: count).withUnsafeBytes { bytes.append(contentsOf: $0) }
        samples.append(Sample(stream: stream, range: start..<bytes.count))
    }

    /// Size of the compressed blocks over that of the rows; nil if there are none.
    var snappyRatio: Double? {
        guard !bytes.isEmpty else { return nil }
        var sorted: [UInt8] = []
        sorted.reserveCapacity(bytes.count)
        for (_, sample) in samples.enumerated().sorted(by: {
            ($0.element.stream, $0.offset) < ($1.element.stream, $1.offset)
        }) {
            sorted.append(contentsOf: bytes[sample.range])
        }
        return Double(BlockCompression.snappy(sorted)) / Double(sorted.count)
    }

    private mutating func thin() {
        var (kept, keptBytes): ([Sample], [UInt8]) = ([], [])
        for (number, sample) in samples.enumerated() where number % 2 == 1 {
            let start = keptBytes.count
            keptBytes.append(contentsOf: bytes[sample.range])
            kept.append(Sample(stream: sample.stream, range: start..<keptBytes.count))
        }
        (samples, bytes) = (kept, keptBytes)
        stride *= 2
    }
}
