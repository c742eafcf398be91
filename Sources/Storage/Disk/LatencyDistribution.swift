internal import CRocks
package import Measure

/// How long an operation of a device takes: points of the distribution, between which the logarithm of the
/// time is linear in the share of operations.
package struct LatencyDistribution: Sendable, Equatable {
    package struct Point: Sendable, Equatable {
        /// Share of all operations that take at most `time`.
        package let share: Double
        package let time: Nanoseconds
    }

    /// What a model file can name, and which share of all operations it stands for.
    static let names: [(name: String, share: Double)] = [
        ("min", 0), ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("max", 1),
    ]

    /// Ascending in both; from share 0 to share 1.
    package let points: [Point]

    init(points: [Point]) {
        precondition(points.first?.share == 0 && points.last?.share == 1)
        precondition(points.count <= Int(CROCKS_QUANTILES))
        precondition(zip(points, points.dropFirst()).allSatisfy { $0.share < $1.share })
        precondition(zip(points, points.dropFirst()).allSatisfy { $0.time <= $1.time })
        self.points = points
    }

    /// Always the same time.
    package init(always time: Nanoseconds) {
        self.init(points: [Point(share: 0, time: time), Point(share: 1, time: time)])
    }

    /// Of measured times, which must not be empty.
    package init(measured times: [Nanoseconds]) {
        precondition(!times.isEmpty)
        let sorted = times.sorted()
        self.init(
            points: Self.names.map { name in
                let index = Int((Double(sorted.count - 1) * name.share).rounded())
                return Point(share: name.share, time: sorted[index])
            })
    }

    /// The time that the given share of all operations does not exceed, if it is one of the points.
    package func time(at share: Double) -> Nanoseconds? {
        points.first { $0.share == share }?.time
    }

    var quantiles: [crocks_quantile] {
        points.map { crocks_quantile(fraction: $0.share, ns: Double($0.time.count)) }
    }
}
