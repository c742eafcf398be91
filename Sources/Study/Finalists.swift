package import Knobs

/// The candidates that the confirmation measures again: the best of the search among those that the
/// named version can be given, and the best of all.
package struct Finalists: Equatable, Sendable {
    package struct Finalist: Equatable, Sendable {
        package let setting: Setting
        /// The trial of the search that it was found in.
        package let trial: Int
        /// Its score there: the best of many noisy ones, so it looks better than it is. Never a gain.
        package let searchLogRatio: Double
    }

    package let reachable: Finalist?
    /// Equal to `reachable` if nothing unreachable was better.
    package let overall: Finalist?

    /// - Parameter records: results of the search; those of a confirmation are not looked at.
    package init(of plan: StudyPlan, in records: [TrialRecord]) {
        let settings = Dictionary(
            uniqueKeysWithValues: records.map { ($0.number, $0.planned.setting) })
        let ranked = records.scores().sorted {
            ($0.logRatio, $0.trial) < ($1.logRatio, $1.trial)
        }.compactMap { score in
            settings[score.trial].map {
                Finalist(setting: $0, trial: score.trial, searchLogRatio: score.logRatio)
            }
        }
        reachable = ranked.first { plan.reaches($0.setting) }
        overall = ranked.first
    }

    package var areOne: Bool { reachable != nil && reachable?.setting == overall?.setting }

    var candidates: [Candidate] {
        var candidates: [Candidate] = []
        if let reachable {
            candidates.append(Candidate(arm: .reachable, setting: reachable.setting))
        }
        if let overall, !areOne {
            candidates.append(Candidate(arm: .overall, setting: overall.setting))
        }
        return candidates
    }
}

extension [TrialRecord] {
    /// Trials of the confirmation with `setting`, each with the control of its round, in order.
    package func confirmation(
        of setting: Setting
    ) -> [(round: Int, control: TrialRecord, candidate: TrialRecord)] {
        compactMap { record in
            guard record.planned.phase == .confirmation, record.planned.role == .candidate,
                record.planned.setting == setting, let control = control(of: record)
            else { return nil }
            return (record.planned.block, control, record)
        }
    }
}
