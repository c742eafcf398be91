package import Replay

/// What sockets saw of a broker in another process.
package struct TargetFindings: Sendable, Encodable {
    package let url: String
    /// How often connections were refused, reset, answered with garbage and so on, by kind.
    package let faults: [String: Int]
    /// One sentence a kind, the most frequent first.
    package let fault_examples: [String]
    /// From handing a PUBLISH to its socket to the kernel having taken it.
    package let socket_us: Percentiles
    /// Of the thread that owns the sockets.
    package let socket_cpu_seconds: Double
    /// Packets whose connection ended before they could be written: the target never saw them.
    package let cut_off: Int
}

extension ReplaySummary {
    package mutating func add(_ report: TransportReport, of target: Target) {
        self.target = TargetFindings(
            url: target.description,
            faults: Dictionary(
                uniqueKeysWithValues: report.faults.counts.map { ($0.key.rawValue, $0.value) }),
            fault_examples: report.faults.sentences,
            socket_us: Percentiles(report.socketTimes),
            socket_cpu_seconds: report.cpu.shortSeconds, cut_off: report.cutOff)
    }
}
