/// Sizes in bytes, counted in buckets: exact below 64, above with 32 buckets for each doubling, so that a
/// percentile is at most 3.2 % above what it stands for.
package struct SizeDistribution {
    private var counts: [Int] = []
    package private(set) var count = 0
    package private(set) var sum = 0
    package private(set) var minimum = Int.max
    package private(set) var maximum = 0

    private static let exact = 64
    private static let perDoubling = 32

    package init() {}

    package mutating func add(_ size: Int) {
        let bucket = Self.bucket(of: size)
        while counts.count <= bucket { counts.append(0) }
        counts[bucket] += 1
        count += 1
        sum += size
        minimum = min(minimum, size)
        maximum = max(maximum, size)
    }

    package var mean: Double { count > 0 ? Double(sum) / Double(count) : 0 }

    /// The largest size of the bucket that holds the `percentile` (0 to 100); nil if nothing was counted.
    package func percentile(_ percentile: Double) -> Int? {
        guard count > 0 else { return nil }
        let wanted = max(1, Int((Double(count) * percentile / 100).rounded(.up)))
        var seen = 0
        for (bucket, count) in counts.enumerated() {
            seen += count
            if seen >= wanted { return min(maximum, Self.last(of: bucket)) }
        }
        return maximum
    }

    private static func bucket(of size: Int) -> Int {
        guard size >= exact else { return size }
        // 64 has seven bits, of which the upper six tell the bucket.
        let shift = Int.bitWidth - size.leadingZeroBitCount - 6
        return exact + (shift - 1) * perDoubling + (size >> shift) - perDoubling
    }

    private static func last(of bucket: Int) -> Int {
        guard bucket >= exact else { return bucket }
        let shift = (bucket - exact) / perDoubling + 1
        let lead = (bucket - exact) % perDoubling + perDoubling
        return (lead + 1) << shift - 1
    }
}
