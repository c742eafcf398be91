package import Measure

/// A trial's answer, written to its standard output as one line of JSON.
package struct TrialResult: Codable, Sendable {
    package enum Ending: Codable, Equatable, Sendable {
        case finished
        /// The process ended without an answer; the sentence says what is known.
        case failed(String)
    }

    package var number: Int
    package var ending: Ending
    /// By `Metric.id`, in `Metric.unit`. A metric that was not observed (no sample) is absent.
    package var values: [String: Double]
    /// "durable", "puback", "pubrec", "flush", "lag": by the names that `Metric.Source.latency` uses.
    package var histograms: [String: LatencyHistogram]
    package var caveats: [Caveat]
    /// Options as RocksDB runs them after its own sanitising, at the trial's scale, of the data column
    /// family and the database; two settings with equal ones are the same configuration.
    package var effective: [String: String]
    /// What was asked for and not honoured, one sentence each.
    package var remarks: [String]
    /// Wall clock, milliseconds since the epoch.
    package var started: UInt64
    package var ended: UInt64

    package init(
        number: Int, ending: Ending, values: [String: Double] = [:],
        histograms: [String: LatencyHistogram] = [:], caveats: [Caveat] = [],
        effective: [String: String] = [:], remarks: [String] = [], started: UInt64, ended: UInt64
    ) {
        self.number = number
        self.ending = ending
        self.values = values
        self.histograms = histograms
        self.caveats = caveats
        self.effective = effective
        self.remarks = remarks
        self.started = started
        self.ended = ended
    }

    /// Whether it may be compared with other trials.
    package var ranks: Bool {
        ending == .finished && values[Metric.objective] != nil
            && !caveats.contains { $0.disqualifies }
    }
}
