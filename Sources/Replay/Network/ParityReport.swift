package import Measure

/// The same traffic sent to the same broker in process and over TCP, round by round, and by how much the two differ on
/// this machine: what a number of the one says about the other.
package struct ParityReport: Sendable, Encodable {
    /// What one replay found.
    package struct Side: Sendable {
        package var sent: [Int]
        package var acknowledged: [Int]
        package var delivered: [Int]
        /// By name, in the order in which they are told.
        package var latencies: [(name: String, values: LatencyHistogram)]

        /// - Parameters: messages by QoS, and histograms.
        package init(
            sent: [Int], acknowledged: [Int], delivered: [Int],
            latencies: [(name: String, values: LatencyHistogram)]
        ) {
            (self.sent, self.acknowledged, self.delivered) = (sent, acknowledged, delivered)
            self.latencies = latencies
        }
    }

    /// Messages by QoS, one list a round.
    package struct Count: Sendable, Encodable, Equatable {
        package let what: String
        package let in_process, tcp: [[Int]]
        /// Whether every round of both sides counted the same.
        package let agrees: Bool
    }

    /// Microseconds, one a round.
    package struct Row: Sendable, Encodable, Equatable {
        package let latency: String
        package let percentile: Double
        package let in_process_us, tcp_us: [Double]
        /// Median over TCP less median in process.
        package let difference_us: Double
        /// Whether the ranges of the two sides lie apart: if not, rounds differ by more than the sides do.
        package let is_clear: Bool
    }

    package let counts: [Count]
    package let latencies: [Row]

    private static let percentiles = [50.0, 99, 99.9]

    /// - Precondition: a round of each at least, with the same latencies in each.
    package init(inProcess: [Side], tcp: [Side]) {
        precondition(!inProcess.isEmpty && !tcp.isEmpty)
        counts = [
            ("sent", \Side.sent), ("acknowledged", \Side.acknowledged),
            ("delivered", \Side.delivered),
        ].map { (what: String, path: KeyPath<Side, [Int]>) in
            let (inside, outside) = (
                inProcess.map { $0[keyPath: path] }, tcp.map { $0[keyPath: path] }
            )
            return Count(
                what: what, in_process: inside, tcp: outside,
                agrees: Set(inside + outside).count == 1)
        }
        latencies = inProcess[0].latencies.map(\.name).flatMap { name in
            Self.percentiles.compactMap { percentile in
                Row(name, percentile, inProcess, tcp)
            }
        }
    }
}

extension ParityReport.Row {
    /// Nil unless every round has a sample.
    fileprivate init?(
        _ latency: String, _ percentile: Double, _ inProcess: [ParityReport.Side],
        _ tcp: [ParityReport.Side]
    ) {
        func values(_ sides: [ParityReport.Side]) -> [Double]? {
            let values = sides.compactMap { side in
                side.latencies.first { $0.name == latency }?.values.percentile(percentile)
                    .map { Double($0.count / 100) / 10 }
            }
            return values.count == sides.count ? values : nil
        }
        guard let inside = values(inProcess), let outside = values(tcp) else { return nil }
        let difference = quantile(outside, 0.5) - quantile(inside, 0.5)
        self.init(
            latency: latency, percentile: percentile, in_process_us: inside, tcp_us: outside,
            difference_us: (difference * 10).rounded() / 10,
            is_clear: outside.min()! > inside.max()! || inside.min()! > outside.max()!)
    }
}

extension ParityReport: CustomStringConvertible {
    /// A table for people, a line a row.
    package var description: String {
        let rows = latencies.map { row in
            let name =
                "\(row.latency) p\(row.percentile == 99.9 ? "99.9" : "\(Int(row.percentile))")"
            return [
                name, Self.range(row.in_process_us), Self.range(row.tcp_us),
                (row.difference_us > 0 ? "+" : "") + Self.time(row.difference_us)
                    + (row.is_clear ? "" : " (within the spread of rounds)"),
            ]
        }
        let table = [["", "in process", "over TCP", "difference"]] + rows
        let widths = (0..<4).map { column in table.map { $0[column].count }.max() ?? 0 }
        let lines = table.map { row in
            zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
                .joined(separator: "  ").trimmingSuffix(while: { $0 == " " })
        }
        return (lines.map(String.init) + counts.map(Self.sentence)).joined(separator: "\n")
    }

    private static func sentence(_ count: Count) -> String {
        let all = count.in_process + count.tcp
        guard !count.agrees else {
            return
                "\(count.what) \(all[0].map(String.init).joined(separator: " / ")), in every round of both"
        }
        func text(_ rounds: [[Int]]) -> String {
            rounds.map { $0.map(String.init).joined(separator: " / ") }.joined(separator: ", ")
        }
        return
            "\(count.what) differs: in process \(text(count.in_process)); over TCP \(text(count.tcp))"
    }

    private static func range(_ values: [Double]) -> String {
        let median = time(quantile(values, 0.5))
        guard values.count > 1, let least = values.min(), let most = values.max() else {
            return median
        }
        return "\(median) (\(time(least)) to \(time(most)))"
    }

    private static func time(_ microseconds: Double) -> String {
        abs(microseconds) < 1_000
            ? "\(Int(microseconds.rounded())) µs" : "\((microseconds / 10).rounded() / 100) ms"
    }
}

extension String {
    fileprivate func trimmingSuffix(while isGone: (Character) -> Bool) -> Substring {
        var text = self[...]
        while let last = text.last, isGone(last) { text.removeLast() }
        return text
    }
}
