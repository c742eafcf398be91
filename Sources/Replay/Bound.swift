package import Measure

/// What keeps a replay from going faster: the first of these to reach its limit.
package enum Bound: String, Sendable, Codable, CaseIterable {
    /// This tool was late: what it measured is its own slowness.
    case generator
    /// Deliveries wait until subscribers acknowledge earlier ones.
    case subscriber
    /// The broker's own work on packets.
    case session
    /// Writes: commits, stalls, or messages that wait for them.
    case disk
}

/// What was observed of a run that tells which bound it met. What cannot be seen from where the replay stands is
/// nil: of a broker in another process that is everything behind its connections.
package struct BoundFigures: Sendable, Equatable {
    /// 99th percentile of how late packets were sent.
    package var lag = Nanoseconds.zero
    /// More than this and the load was not what was planned.
    package var lagLimit = Nanoseconds.milliseconds(5)
    /// Share of the run that the sessions kept the thread busy that they share with the generator.
    package var sessions: Double?
    /// Share of the run that the busiest shard's writer was inside a commit.
    package var writer: Double?
    /// Time that writes were stalled, all shards together, for each second of the run.
    package var stalled: Double?
    /// Messages waited longer and longer to be stored.
    package var queueGrew = false
    /// Share of the looks at which a connected session's window of unacknowledged deliveries was full.
    package var fullWindows: Double?

    package init() {}
}

/// Which bound a run met, or would meet first, and why that is believed.
package struct BoundFinding: Sendable, Equatable {
    package var bound: Bound
    /// At its limit. If not, the run had room, and this is the part that has least of it.
    package var isReached: Bool
    /// One sentence for each bound, the one that was found first.
    package var evidence: [String]

    /// Where a part is called exhausted: a thread that is busy nine tenths of the time makes what comes wait
    /// several times as long as it works.
    private static let busy = 0.9
    /// Seconds of stall a second.
    private static let stalled = 0.1
    private static let fullWindows = 0.5

    package init(_ figures: BoundFigures) {
        let strains = Self.strains(figures)
        // A generator that was late explains the others away, so it is asked first.
        let first =
            strains.first { $0.bound == .generator && $0.strain > 1 }
            ?? strains.max { $0.strain < $1.strain } ?? strains[0]
        bound = first.bound
        isReached = first.strain >= 1
        evidence =
            [first.sentence] + strains.filter { $0.bound != first.bound }.map(\.sentence)
    }

    /// How near each part was to its limit, which is 1.
    private static func strains(
        _ figures: BoundFigures
    ) -> [(bound: Bound, strain: Double, sentence: String)] {
        let late = figures.lag.seconds / figures.lagLimit.seconds
        let sessions = figures.sessions ?? 0
        // They share a thread: if it was the sessions that filled it, they made the generator late.
        let isTheirs = late > 1 && sessions > busy / 2
        let writing = max(
            (figures.writer ?? 0) / busy, (figures.stalled ?? 0) / stalled,
            figures.queueGrew ? 1 : 0)
        return [
            (
                .generator, isTheirs ? 0 : late,
                "generator: late by \(milliseconds(figures.lag)) at p99 (limit \(milliseconds(figures.lagLimit)))"
            ),
            (
                .session, isTheirs ? max(1, sessions / busy) : sessions / busy,
                figures.sessions.map { "sessions: busy \(percent($0)) of the time" }
                    ?? "sessions: in another process, not seen from here"
            ),
            (.disk, writing, diskSentence(figures)),
            (
                .subscriber, (figures.fullWindows ?? 0) / fullWindows,
                figures.fullWindows.map {
                    "subscribers: windows full at \(percent($0)) of the looks"
                } ?? "subscribers: their windows are in another process, not seen from here"
            ),
        ]
    }

    private static func diskSentence(_ figures: BoundFigures) -> String {
        guard let writer = figures.writer, let stalled = figures.stalled else {
            return "disk: in another process, not seen from here"
        }
        return
            "disk: the busiest shard was in a commit \(percent(writer)) of the time, writes stalled "
            + "\(milliseconds(.seconds(stalled))) a second"
            + (figures.queueGrew ? ", and what waited to be stored grew" : "")
    }

    private static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1_000).rounded())
        return "\(tenths / 10).\(tenths % 10) %"
    }

    private static func milliseconds(_ span: Nanoseconds) -> String {
        let hundredths = span.count / 10_000
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) ms"
    }
}
