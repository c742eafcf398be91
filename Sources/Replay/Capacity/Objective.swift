package import Measure

/// What has to hold for a speed to count as sustained, as `--slo` names it: `puback_p99<20ms`.
package struct Objective: Sendable, Hashable {
    /// Which latencies, each from the intended time of the message.
    package enum Latency: String, Sendable, CaseIterable {
        case puback, pubrec, pubcomp, durable, delivery
    }

    /// Which of them has to be below the limit.
    package enum Percentile: String, Sendable, CaseIterable {
        case p50, p90, p95, p99, p999, p9999, max

        /// 0 to 100.
        var value: Double {
            switch self {
            case .p50: 50
            case .p90: 90
            case .p95: 95
            case .p99: 99
            case .p999: 99.9
            case .p9999: 99.99
            case .max: 100
            }
        }
    }

    package let latency: Latency
    package let percentile: Percentile
    package let limit: Nanoseconds

    package init(_ latency: Latency, _ percentile: Percentile, below limit: Nanoseconds) {
        (self.latency, self.percentile, self.limit) = (latency, percentile, limit)
    }

    /// - Parameter text: a latency, `_`, a percentile, `<`, and a number with `us`, `ms` or `s`.
    package init?(_ text: String) {
        let sides = text.split(separator: "<", omittingEmptySubsequences: false)
        guard sides.count == 2 else { return nil }
        let names = sides[0].split(separator: "_", omittingEmptySubsequences: false)
        guard names.count == 2, let latency = Latency(rawValue: String(names[0])),
            let percentile = Percentile(rawValue: String(names[1])),
            let limit = Self.span(sides[1])
        else { return nil }
        self.init(latency, percentile, below: limit)
    }

    package var id: String { "\(latency.rawValue)_\(percentile.rawValue)" }

    /// What of `histogram` it is about; nil if there is no sample.
    package func value(in histogram: LatencyHistogram) -> Nanoseconds? {
        percentile == .max ? histogram.maximum : histogram.percentile(percentile.value)
    }

    package func isMet(by histogram: LatencyHistogram) -> Bool {
        value(in: histogram).map { $0 < limit } ?? false
    }

    private static func span(_ text: Substring) -> Nanoseconds? {
        for (unit, nanoseconds) in [("us", 1e3), ("ms", 1e6), ("s", 1e9)] where text.hasSuffix(unit)
        {
            guard let number = Double(text.dropLast(unit.count)), number > 0, number < 1e9,
                number * nanoseconds <= 3.6e12
            else { return nil }
            return Nanoseconds(Int64(number * nanoseconds))
        }
        return nil
    }
}
