/// Payloads taken out of the traffic to see how well they compress: of each topic the first, second, fourth,
/// eighth … publish, so that rare topics are among them. When the budget is used up, every other sample is
/// dropped and from then on only half as many are taken.
package struct PayloadSamples {
    package struct Sample {
        /// Number of its topic.
        package let topic: Int
        /// In `bytes`.
        package let range: Range<Int>
    }

    /// Bytes of all samples together.
    private static let budget = 2 << 20
    /// Of a longer payload only the beginning is taken.
    private static let longest = 16 << 10

    package private(set) var bytes: [UInt8] = []
    package private(set) var samples: [Sample] = []
    private var stride = 1
    private var offered = 0

    package init() {}

    /// - Parameter publishes: on this topic so far, with this one.
    package mutating func offer(_ payload: RawSpan, of topic: Int, publishes: Int) {
        guard publishes & (publishes - 1) == 0, payload.byteCount > 0 else { return }
        offered += 1
        guard offered % stride == 0 else { return }
        let count = min(payload.byteCount, Self.longest)
        if bytes.count + count > Self.budget { thin() }
        let start = bytes.count
        payload.extracting(first: count).withUnsafeBytes { bytes.append(contentsOf: $0) }
        samples.append(Sample(topic: topic, range: start..<bytes.count))
    }

    private mutating func thin() {
        var (kept, keptBytes): ([Sample], [UInt8]) = ([], [])
        for (number, sample) in samples.enumerated() where number % 2 == 1 {
            let start = keptBytes.count
            keptBytes.append(contentsOf: bytes[sample.range])
            kept.append(Sample(topic: sample.topic, range: start..<keptBytes.count))
        }
        (samples, bytes) = (kept, keptBytes)
        stride *= 2
    }
}
