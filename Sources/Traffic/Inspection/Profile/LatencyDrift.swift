/// How the time from PUBLISH to PUBACK changed over the capture.
package struct LatencyDrift: Codable, Equatable, Sendable {
    package struct Slice: Codable, Equatable, Sendable {
        /// From the first packet.
        package let start: Double
        package let width: Double
        package let count: Int
        /// Microseconds; nil if nothing was answered in it.
        package let median: Double?
        package let publishes: Int
        package let duplicates: Int

        enum CodingKeys: String, CodingKey {
            case start = "start_s", width = "width_s", count, median = "p50_us", publishes
            case duplicates = "dup"
        }
    }

    /// At most 64, of equal width.
    package let slices: [Slice]
    /// Microseconds: medians of the first and of the last third of the slices.
    package let firstThird: Double
    package let lastThird: Double
    /// Microseconds per minute, the slope of the slices' medians by least squares.
    package let slope: Double
    /// Pearson's correlation between a slice's median and its share of repeated publishes; nil if either
    /// never changes.
    package let correlationWithDuplicates: Double?

    enum CodingKeys: String, CodingKey {
        case slices, firstThird = "first_third_p50_us", lastThird = "last_third_p50_us"
        case slope = "drift_us_per_min"
        case correlationWithDuplicates = "correlation_with_dup"
    }

    /// Slices that make a trend.
    private static let enough = 3

    /// - Returns: nil if fewer than three slices hold answers.
    package init?(_ slices: [LatencySlices.Slice]) {
        let points = slices.compactMap { slice in slice.median.map { (slice, $0) } }
        guard points.count >= Self.enough else { return nil }
        self.slices = slices.map {
            Slice(
                start: Double($0.start) * 1e-9, width: Double($0.width) * 1e-9, count: $0.count,
                median: $0.median, publishes: $0.publishes, duplicates: $0.duplicates)
        }
        let third = max(1, points.count / 3)
        func middle(_ some: ArraySlice<(LatencySlices.Slice, Double)>) -> Double {
            let sorted = some.map(\.1).sorted()
            return sorted[sorted.count / 2]
        }
        firstThird = middle(points.prefix(third))
        lastThird = middle(points.suffix(third))
        let medians = points.map(\.1)
        let times = points.map { Double($0.0.start) * 1e-9 / 60 }
        slope = Self.fit(times, medians)?.slope ?? 0
        let shares = points.map { Double($0.0.duplicates) / Double(max(1, $0.0.publishes)) }
        correlationWithDuplicates = Self.fit(medians, shares)?.correlation
    }

    /// The feedback loop into stalls: slower answers and more repetitions, together.
    package var climbsWithDuplicates: Bool {
        guard let correlation = correlationWithDuplicates, slices.count >= 6 else { return false }
        let third = slices.count / 3
        let before = slices.prefix(third).reduce(0) { $0 + $1.duplicates }
        let after = slices.suffix(third).reduce(0) { $0 + $1.duplicates }
        return correlation >= 0.6 && lastThird >= 1.5 * firstThird && after > before
            && after >= 5
    }

    /// Least squares of y over x, and Pearson's correlation; nil if either does not vary.
    private static func fit(
        _ x: [Double], _ y: [Double]
    ) -> (slope: Double, correlation: Double)? {
        let count = Double(x.count)
        let (meanX, meanY) = (x.reduce(0, +) / count, y.reduce(0, +) / count)
        var (xx, yy, xy) = (0.0, 0.0, 0.0)
        for (x, y) in zip(x, y) {
            xx += (x - meanX) * (x - meanX)
            yy += (y - meanY) * (y - meanY)
            xy += (x - meanX) * (y - meanY)
        }
        guard xx > 0, yy > 0 else { return nil }
        return (xy / xx, xy / (xx * yy).squareRoot())
    }
}
