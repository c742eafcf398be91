/// Where a study is, as a value.
package struct StudyProgress: Equatable, Sendable {
    package struct Best: Equatable, Sendable {
        package let trial: Int
        /// Candidate over control of its block.
        package let ratio: Double

        package init(trial: Int, ratio: Double) {
            self.trial = trial
            self.ratio = ratio
        }
    }

    package enum Event: Equatable, Sendable { case started, waiting, finished, failed }

    package let event: Event
    package let trial: Int
    package let total: Int
    package let phase: Phase
    package let block: Int
    /// Since this process took the study up, milliseconds.
    package let elapsed: UInt64
    /// Wall clock, milliseconds since the epoch.
    package let estimatedEnd: UInt64
    /// Of the search; what will be published is measured in the confirmation.
    package let best: Best?

    package init(
        event: Event, trial: Int, total: Int, phase: Phase, block: Int, elapsed: UInt64,
        estimatedEnd: UInt64, best: Best?
    ) {
        self.event = event
        self.trial = trial
        self.total = total
        self.phase = phase
        self.block = block
        self.elapsed = elapsed
        self.estimatedEnd = estimatedEnd
        self.best = best
    }

    /// - Parameter secondsFromGMT: of the zone that the end is told in.
    package func line(secondsFromGMT: Int) -> String {
        let place = phase == .search ? "search block \(block)" : "confirmation round \(block)"
        let outcome = event == .failed ? " failed" : ""
        var parts = [
            "trial \(trial)/\(total)\(outcome)", place, "\(Self.clock(elapsed)) elapsed",
            "ends about \(Self.time(estimatedEnd, secondsFromGMT))",
        ]
        if let best {
            parts.append("best so far \(Figures.change(ofRatio: best.ratio)) (trial \(best.trial))")
        }
        return parts.joined(separator: " · ")
    }

    /// `02:03`, from an hour on `1:02:03`.
    private static func clock(_ milliseconds: UInt64) -> String {
        let seconds = milliseconds / 1_000
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60)
        let rest = padded(minutes) + ":" + padded(seconds % 60)
        return hours > 0 ? "\(hours):\(rest)" : rest
    }

    private static func time(_ milliseconds: UInt64, _ secondsFromGMT: Int) -> String {
        let seconds = Int(milliseconds / 1_000) + secondsFromGMT
        let minutes = ((seconds / 60) % 1_440 + 1_440) % 1_440
        return padded(UInt64(minutes / 60)) + ":" + padded(UInt64(minutes % 60))
    }

    private static func padded(_ number: UInt64) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
