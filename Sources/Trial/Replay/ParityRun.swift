internal import Measure
package import Replay

/// Replays the same traffic over a broker in this process and over the same broker in a process of its own, reached by
/// TCP on loopback, and compares. The order of the two turns round with every round, so that what drifts meanwhile
/// is not taken for a difference.
package struct ParityRun {
    package enum Way: Sendable {
        case inProcess, tcp
    }

    private let rounds: Int

    /// - Parameter rounds: how often each way is taken; from two on the report knows how much rounds differ.
    package init(rounds: Int) {
        precondition(rounds > 0)
        self.rounds = rounds
    }

    /// - Parameters:
    ///   - replay: one run that way, with a store that is empty when it begins and no CPU burned beside the broker.
    ///   - interrupted: a reason ends the comparison, which then has not been made.
    /// - Returns: nil if it was interrupted.
    /// - Throws: what `replay` throws; `.environment` when a run ended before its traffic did, for half a run compares
    ///   with nothing.
    package func run(
        _ replay: (Way) throws(ReplayError) -> ReplaySummary, stopIf interrupted: () -> String?
    ) throws(ReplayError) -> ParityReport? {
        var inProcess: [ReplaySummary] = [], tcp: [ReplaySummary] = []
        for round in 0..<rounds {
            for way in round.isMultiple(of: 2) ? [Way.inProcess, .tcp] : [.tcp, .inProcess] {
                let summary = try replay(way)
                guard interrupted() == nil else { return nil }
                if let reason = summary.stopped {
                    throw .environment(
                        "the two cannot be compared: one run was stopped (\(reason))")
                }
                switch way {
                case .inProcess: inProcess.append(summary)
                case .tcp: tcp.append(summary)
                }
            }
        }
        return ParityReport(
            inProcess: inProcess.map(ParityReport.Side.init), tcp: tcp.map(ParityReport.Side.init))
    }
}

extension ParityReport.Side {
    fileprivate init(_ summary: ReplaySummary) {
        func list(_ counts: ReplaySummary.Counts) -> [Int] {
            [counts.qos0, counts.qos1, counts.qos2]
        }
        var latencies = Latencies.kinds.map {
            (name: $0.name, values: summary.latencies[keyPath: $0.values])
        }
        latencies.append(("delivery", summary.delivery))
        self.init(
            sent: list(summary.sent), acknowledged: list(summary.acknowledged),
            delivered: list(summary.delivered), latencies: latencies)
    }
}
