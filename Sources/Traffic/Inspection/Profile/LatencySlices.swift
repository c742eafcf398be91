/// Latencies and repeated publishes over the time of a capture: at most 64 slices of equal length, which
/// double as the capture grows, so that drift can be told from a peak in bounded memory.
package struct LatencySlices {
    /// What one slice of time held.
    package struct Slice: Equatable {
        /// Nanoseconds from the beginning.
        package let start: Int64
        package let width: Int64
        package let count: Int
        /// Microseconds, at most 9 % too high; nil if nothing was answered.
        package let median: Double?
        /// Publishes at QoS 1 and 2 from clients, and those of them with DUP.
        package let publishes: Int
        package let duplicates: Int
    }

    private static let limit = 64
    private static let perDoubling = 8
    private static let buckets = 36 * perDoubling

    private var origin: Int64?
    private var width: Int64 = 1_000_000_000
    private var used = 0
    private var counts = [UInt32](repeating: 0, count: limit * buckets)
    private var publishes = [Int](repeating: 0, count: limit)
    private var duplicates = [Int](repeating: 0, count: limit)

    package init() {}

    package mutating func answered(after latency: Int64, at time: Int64) {
        let slice = slice(of: time)
        counts[slice * Self.buckets + Self.bucket(of: latency)] += 1
    }

    package mutating func published(dup: Bool, at time: Int64) {
        let slice = slice(of: time)
        publishes[slice] += 1
        if dup { duplicates[slice] += 1 }
    }

    package var slices: [Slice] {
        (0..<used).map { number in
            let range = number * Self.buckets..<(number + 1) * Self.buckets
            let count = counts[range].reduce(0) { $0 + Int($1) }
            return Slice(
                start: Int64(number) * width, width: width, count: count,
                median: count > 0 ? median(counts[range], of: count) : nil,
                publishes: publishes[number], duplicates: duplicates[number])
        }
    }

    private func median(_ counts: ArraySlice<UInt32>, of count: Int) -> Double {
        var seen = 0
        for (bucket, number) in counts.enumerated() {
            seen += Int(number)
            if seen * 2 >= count { return Self.last(of: bucket) }
        }
        return 0
    }

    private mutating func slice(of time: Int64) -> Int {
        let origin = origin ?? time
        self.origin = origin
        let (offset, overflow) = time.subtractingReportingOverflow(origin)
        // The first packets of other connections may be a little older.
        let since = overflow ? 0 : max(0, offset)
        while since / width >= Int64(Self.limit) { coarsen() }
        let slice = Int(since / width)
        used = max(used, slice + 1)
        return slice
    }

    /// Makes one slice of every two.
    private mutating func coarsen() {
        width *= 2
        for slice in 0..<Self.limit {
            let (first, second) = (slice * 2, slice * 2 + 1)
            let exists = second < Self.limit
            publishes[slice] = exists ? publishes[first] + publishes[second] : 0
            duplicates[slice] = exists ? duplicates[first] + duplicates[second] : 0
            for bucket in 0..<Self.buckets {
                let place = slice * Self.buckets + bucket
                counts[place] =
                    exists
                    ? counts[first * Self.buckets + bucket]
                        &+ counts[second * Self.buckets + bucket] : 0
            }
        }
        used = (used + 1) / 2
    }

    /// Eight buckets for each doubling of microseconds.
    private static func bucket(of latency: Int64) -> Int {
        let microseconds = UInt64(max(0, latency) / 1_000)
        guard microseconds >= UInt64(perDoubling) else { return Int(microseconds) }
        let shift = UInt64.bitWidth - microseconds.leadingZeroBitCount - 4
        let bucket = (shift + 1) * perDoubling + Int(microseconds >> UInt64(shift)) - perDoubling
        return min(buckets - 1, bucket)
    }

    private static func last(of bucket: Int) -> Double {
        guard bucket >= perDoubling else { return Double(bucket + 1) }
        let shift = bucket / perDoubling - 1
        return Double((bucket % perDoubling + perDoubling + 1) << shift)
    }
}
