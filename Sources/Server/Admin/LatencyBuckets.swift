internal import Measure

/// Latencies counted in fixed buckets, as Prometheus scrapes them: recording allocates nothing, and buckets
/// of several brokers may be added.
struct LatencyBuckets: Sendable, Equatable {
    /// Upper ends of the buckets, nanoseconds, two or three to a decade: from an answer out of memory (some
    /// ten µs) to a sync that waits behind a stall (seconds). Longer ones are only in the last bucket.
    static let bounds: [Int64] = [
        10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
        10_000_000,
        25_000_000, 50_000_000, 100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000,
        5_000_000_000, 10_000_000_000,
    ]

    /// Of each bucket alone; the last one has no upper end.
    private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    private(set) var sum = Nanoseconds.zero

    var count: Int { counts.reduce(0, +) }

    /// - Precondition: `latency` is not negative; nothing is answered before it came.
    mutating func record(_ latency: Nanoseconds) {
        precondition(latency.count >= 0)
        var low = 0
        var high = Self.bounds.count
        while low < high {
            let middle = (low + high) / 2
            if Self.bounds[middle] < latency.count { low = middle + 1 } else { high = middle }
        }
        counts[low] += 1
        sum = sum + latency
    }
}
