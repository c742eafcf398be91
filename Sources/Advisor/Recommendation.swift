package import Knobs
package import Measure
package import Study

/// The answer of a study: two configurations with evidence, or that what runs now is right.
package struct Recommendation: Sendable {
    package let dialect: Dialect
    /// Best of what the named version can be given; nil if nothing reachable was ranked.
    package let reachable: FinalistAdvice?
    /// Best of everything that was tried; the same configuration as `reachable` if `areOne`.
    package let overall: FinalistAdvice?
    package let areOne: Bool
    /// ln(overall / reachable) of the objective, from the same rounds.
    package let distance: Estimate?
    /// Whether the study has all its trials.
    package let isComplete: Bool
    /// Doubts about the study as a whole.
    package let warnings: [String]
    /// What the named version can also be and the engine model does not speak for; nil if nothing.
    package let notMeasured: String?
    /// The engine model that was measured behaves as the named version does.
    package let engineSpeaksForDialect: Bool

    /// - Parameter resamples: of each bootstrap.
    package init(
        plan: StudyPlan, records: [TrialRecord], dialect: Dialect, resamples: Int = 20_000
    ) {
        self.dialect = dialect
        let finalists = Finalists(of: plan, in: records)
        reachable = finalists.reachable.map {
            FinalistAdvice(
                $0, plan: plan, records: records, dialect: dialect, resamples: resamples)
        }
        overall = finalists.overall.map {
            FinalistAdvice(
                $0, plan: plan, records: records, dialect: dialect, resamples: resamples)
        }
        areOne = finalists.areOne
        distance = Self.distance(finalists, plan: plan, records: records, resamples)
        let next = (try? StudySchedule(plan))?.next(after: records)
        isComplete = next == nil && !records.isEmpty
        engineSpeaksForDialect = dialect.backend(of: plan.engine) != nil
        notMeasured = Self.notMeasured(plan.engine, on: dialect)
        warnings =
            (notMeasured.map { [$0] } ?? []) + Self.warnings(plan: plan, records: records)
    }

    /// The configuration that goes into `emqx.conf` as live lines; nil: keep what you have.
    ///
    /// Only what was measured, confirmed and differs from the control in exactly the lines that the
    /// named version takes.
    package var change: FinalistAdvice? {
        guard isComplete, engineSpeaksForDialect, let reachable, reachable.judgement.improves else {
            return nil
        }
        return reachable
    }

    /// The best confirmed configuration for this tool's own broker, where every knob can be set.
    package var changeForOwnBroker: FinalistAdvice? {
        guard isComplete else { return nil }
        let better = [reachable, overall].compactMap { $0 }.filter(\.judgement.improves)
        return better.min {
            ($0.judgement.estimate?.value ?? 0) < ($1.judgement.estimate?.value ?? 0)
        }
    }

    private static func distance(
        _ finalists: Finalists, plan: StudyPlan, records: [TrialRecord], _ resamples: Int
    ) -> Estimate? {
        guard !finalists.areOne, let reachable = finalists.reachable,
            let overall = finalists.overall
        else { return nil }
        let theirs = records.confirmation(of: reachable.setting)
        let logRatios = records.confirmation(of: overall.setting).compactMap { best in
            theirs.first { $0.round == best.round }.flatMap {
                best.candidate.logRatio(to: $0.candidate)
            }
        }
        return pairedInterval(
            logRatios, seed: plan.root.branch("bootstrap of the distance"), resamples: resamples)
    }

    private static func notMeasured(_ engine: String, on dialect: Dialect) -> String? {
        guard let measured = dialect.backend(of: engine),
            let other = dialect.engines.first(where: { $0.backend != measured })
        else { return nil }
        let standard = other.model == dialect.standardEngine
        return "Measured with backend \(measured). A database with \(other.backend)"
            + (standard ? ", the default of \(dialect.title)," : "")
            + " was not measured: the two keep different logs, and nothing here speaks for it."
    }

    private static func warnings(plan: StudyPlan, records: [TrialRecord]) -> [String] {
        var warnings: [String] = []
        func warn(_ matching: [TrialRecord], _ what: String, _ meaning: String) {
            guard !matching.isEmpty else { return }
            warnings.append("\(what): \(matching.count) of \(records.count) trials. \(meaning)")
        }
        func having(_ matches: (Caveat) -> Bool) -> [TrialRecord] {
            records.filter { $0.result.caveats.contains(where: matches) }
        }
        warn(
            records.filter { $0.result.ending != .finished }, "Did not end by themselves",
            "They count for nothing.")
        warn(
            having { if case .generatorBound = $0 { true } else { false } }, "Generator-bound",
            "This machine could not send as fast as planned, so they are not ranked; a lower "
                + "speed-up helps.")
        warn(
            having { if case .tooFewCycles = $0 { true } else { false } },
            "Without a certificate",
            "They compacted too little and are not ranked; a longer window, a higher speed-up or a "
                + "smaller miniature helps.")
        warn(
            having { if case .notStored = $0 { true } else { false } }, "Lost accepted messages",
            "They are not ranked.")
        warn(
            having { if case .growingQueue = $0 { true } else { false } }, "Overloaded",
            "Their queues grew, so their percentiles depend on how long they ran.")
        if !plan.environment.optimised {
            warnings.append("dstune was built without optimisation: times are far too long.")
        }
        return warnings
    }
}
