internal import Knobs
package import Measure

/// Which trial comes next: a function of the plan and the results so far, and of nothing else. A
/// study that was killed goes on where it was because nothing but its results has to be remembered.
///
/// Blocks of the search hold the control and their candidates in random order; then come rounds of
/// confirmation with the control and the finalists, again in random order.
package struct StudySchedule: Sendable {
    private let plan: StudyPlan
    private let method: any SearchMethod

    /// - Throws: `PlanError.unknownMethod` for a method of a later version.
    package init(_ plan: StudyPlan) throws(PlanError) {
        guard let method = SearchMethods.find(plan.method) else {
            throw .unknownMethod(plan.method)
        }
        self.plan = plan
        self.method = method
    }

    /// - Returns: nil when the study is done.
    package func next(after records: [TrialRecord]) -> PlannedTrial? {
        let settled = Self.settled(records)
        return planned(after: records).first { !settled.contains($0.number) }
    }

    /// All trials that are decided by now: to the end of the first block that is not finished.
    package func planned(after records: [TrialRecord]) -> [PlannedTrial] {
        let settled = Self.settled(records)
        var trials: [PlannedTrial] = []
        func isDone() -> Bool { trials.allSatisfy { settled.contains($0.number) } }

        for block in 1...plan.blocks {
            guard isDone() else { return trials }
            let history = records.filter { $0.number <= trials.count }
            let candidates = method.propose(block: block, of: plan, after: history)
            append(candidates, to: &trials, phase: .search, block: block)
        }
        guard isDone() else { return trials }
        let finalists = Finalists(of: plan, in: records.filter { $0.number <= trials.count })
        for round in 1...plan.confirmationRounds {
            append(finalists.candidates, to: &trials, phase: .confirmation, block: round)
        }
        return trials
    }

    /// How many trials the study will have had; before the finalists are known, with both of them.
    package func total(after records: [TrialRecord]) -> Int {
        let known = planned(after: records)
        if let last = known.last, last.phase == .confirmation { return known.count }
        let finished = known.last?.block ?? 0
        let toCome = (plan.blocks - finished) * (1 + plan.candidatesPerBlock)
        return known.count + toCome + plan.confirmationRounds * 3
    }

    /// The seed that the trials of a block share: the same chance for each of them.
    package func seed(of trial: PlannedTrial) -> Seed {
        plan.root.branch("\(trial.phase.rawValue) \(trial.block)")
    }

    private func append(
        _ candidates: [Candidate], to trials: inout [PlannedTrial], phase: Phase, block: Int
    ) {
        // A control that nothing is compared with would only cost time.
        guard !candidates.isEmpty else { return }
        var places: [Candidate?] = [nil] + candidates
        var seed = plan.root.branch("order of \(phase.rawValue) \(block)")
        places.shuffle(using: &seed)
        for place in places {
            trials.append(
                PlannedTrial(
                    number: trials.count + 1, phase: phase, block: block,
                    role: place == nil ? .control : .candidate, arm: place?.arm,
                    setting: place?.setting ?? plan.control))
        }
    }

    private static func settled(_ records: [TrialRecord]) -> Set<Int> {
        Set(records.filter(\.isSettled).map(\.number))
    }
}
