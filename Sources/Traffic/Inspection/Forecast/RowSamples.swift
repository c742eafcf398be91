/// Rows as they would lie in a table, to see how well RocksDB's blocks compress: keys and values, of each
/// stream together. When the budget is used up, half of the streams are left out from then on, or, where
/// few make up most of it, every other row.
struct RowSamples {
    private struct Sample {
        let stream: UInt64
        let lot: UInt64
        /// In `bytes`.
        let range: Range<Int>
    }

    private static let budget = 1 << 19
    /// A longer row makes a block of its own; its beginning tells enough.
    private static let longest = 16 << 10

    private var bytes: [UInt8] = []
    private var samples: [Sample] = []
    /// Streams are taken whose lots have none of these bits.
    private var mask: UInt64 = 0
    private var step = 1
    private var offered = 0

    /// What decides whether a stream is taken: drawn from when it began and not from its name, so that the same
    /// rows are taken of traffic whose names were replaced.
    static func lot(ofStream number: Int) -> UInt64 { mixed(UInt64(number) &+ 1, MixingWord.b) }

    /// Whether the next row of this stream is to be offered.
    mutating func wants(_ lot: UInt64) -> Bool {
        guard lot & mask == 0 else { return false }
        offered += 1
        return offered % step == 0
    }

    mutating func offer(_ row: RawSpan, stream: UInt64, lot: UInt64) {
        let count = min(row.byteCount, Self.longest)
        if bytes.count + count > Self.budget { thin() }
        let start = bytes.count
        row.extracting(first: count).withUnsafeBytes { bytes.append(contentsOf: $0) }
        samples.append(Sample(stream: stream, lot: lot, range: start..<bytes.count))
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
        let wider = mask << 1 | 1
        let kept = samples.filter { $0.lot & wider == 0 }
        let share = kept.reduce(0) { $0 + $1.range.count } * 4
        if share >= bytes.count, share <= bytes.count * 3 {
            mask = wider
            keep(kept)
        } else {
            step *= 2
            keep(samples.enumerated().filter { $0.offset % 2 == 1 }.map(\.element))
        }
    }

    private mutating func keep(_ some: [Sample]) {
        var (kept, keptBytes): ([Sample], [UInt8]) = ([], [])
        for sample in some {
            let start = keptBytes.count
            keptBytes.append(contentsOf: bytes[sample.range])
            kept.append(
                Sample(stream: sample.stream, lot: sample.lot, range: start..<keptBytes.count))
        }
        (samples, bytes) = (kept, keptBytes)
    }
}
