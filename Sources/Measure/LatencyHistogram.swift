internal import Histogram

/// Latencies of one kind of exchange. Histograms add up, percentiles do not, so this is what is
/// recorded, merged and stored; percentiles are only ever printed.
///
/// Values are nanoseconds kept to three significant digits, up to `ceiling`; a longer one is counted
/// as `ceiling` and in `beyond`, never dropped.
package struct LatencyHistogram: Codable, Sendable {
    /// One hour: no wait in a trial is allowed to be longer (every wait has a bound).
    private static let ceiling: UInt64 = 3_600_000_000_000

    private var values = Histogram<UInt64>(
        highestTrackableValue: ceiling, numberOfSignificantValueDigits: .three)
    /// Samples longer than an hour.
    package private(set) var beyond: UInt64 = 0

    package init() {}

    package var count: UInt64 { values.totalCount }

    /// - Precondition: `latency` is not negative; what was planned cannot be answered earlier.
    package mutating func record(_ latency: Nanoseconds) {
        precondition(latency.count >= 0, "answered before it was planned")
        let value = UInt64(latency.count)
        if value > Self.ceiling { beyond += 1 }
        values.record(Swift.min(value, Self.ceiling))
    }

    package mutating func add(_ other: LatencyHistogram) {
        values.add(other.values)
        beyond += other.beyond
    }

    /// The value at `percentile` (0 to 100); nil when nothing was recorded: no sample is not zero.
    package func percentile(_ percentile: Double) -> Nanoseconds? {
        guard count > 0 else { return nil }
        return Nanoseconds(Int64(values.valueAtPercentile(percentile)))
    }

    package var maximum: Nanoseconds? {
        count > 0 ? Nanoseconds(Int64(values.maxRecorded)) : nil
    }

    /// What was recorded after `earlier`, a copy of this histogram at that time, was made.
    package func since(_ earlier: LatencyHistogram) -> LatencyHistogram {
        precondition(earlier.count <= count, "it was copied from another histogram")
        var rest = LatencyHistogram()
        for bucket in values.recordedValues() {
            let before = earlier.values.countForValue(bucket.value)
            guard bucket.count > before else { continue }
            // A bucket gives its upper end, which for the last one is more than was recorded.
            rest.values.record(
                Swift.min(bucket.value, values.maxRecorded), count: bucket.count - before)
        }
        rest.beyond = beyond - earlier.beyond
        return rest
    }

    /// (percentile, value) pairs for a plot: dense towards the tail.
    package func curve(ticksPerHalfDistance ticks: Int = 5) -> [(
        percentile: Double, value: Nanoseconds
    )] {
        values.percentiles(ticksPerHalfDistance: ticks).map {
            ($0.percentile, Nanoseconds(Int64($0.value)))
        }
    }

    /// The buckets that were hit, in order: the largest value that each stands for, and how many samples it has.
    package var buckets: [(value: Nanoseconds, count: UInt64)] {
        values.recordedValues().map { (Nanoseconds(Int64($0.value)), $0.count) }
    }

    /// The layout of `buckets`, as formats of other tools ask for it: values from 1 ns up to this one.
    package static let (largestValue, significantDigits) = (Nanoseconds(Int64(ceiling)), 3)

    /// Only the buckets that were hit, so that a stored histogram is small:
    /// [beyond, maximum, value, count, value, count, …].
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        try container.encode(beyond)
        try container.encode(values.maxRecorded)
        for bucket in values.recordedValues() {
            try container.encode(bucket.value)
            try container.encode(bucket.count)
        }
    }

    package init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        beyond = try container.decode(UInt64.self)
        // A bucket gives its upper end, which for the last one is more than was recorded.
        let maximum = Swift.min(try container.decode(UInt64.self), Self.ceiling)
        while !container.isAtEnd {
            let value = Swift.min(try container.decode(UInt64.self), maximum)
            values.record(value, count: try container.decode(UInt64.self))
        }
    }
}
