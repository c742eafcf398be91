internal import Knobs
internal import Measure

/// Random candidates, spread out: over the whole study each level of a knob comes up about equally
/// often (a Latin hypercube where the levels are few), which plain draws would need many more trials
/// for. What it learns does not change what it tries.
///
/// Every other candidate turns only reachable knobs, so that both questions of the advice get half
/// of the night.
package struct RandomDesign: SearchMethod {
    package let name = "random"
    package let summary =
        "drawn at random and spread over the levels of each knob, every second one turning only "
        + "reachable knobs"

    package init() {}

    /// How often a combination that is invalid or known is drawn again. The smallest space that is
    /// not yet used up, one of two levels on one knob, is missed once in 2^200.
    private static let draws = 200

    package func propose(
        block: Int, of plan: StudyPlan, after history: [TrialRecord]
    ) -> [Candidate] {
        var seen: Set<Setting> = [plan.control.effective]
        var proposed: [Candidate] = []
        // From the first block on, because what came earlier decides what is new.
        for place in 0..<(block * plan.candidatesPerBlock) {
            let preferred: Arm = place.isMultiple(of: 2) ? .reachable : .overall
            let candidate =
                draw(preferred, at: place, of: plan, unlike: seen)
                ?? draw(.overall, at: place, of: plan, unlike: seen)
            guard let candidate else { continue }
            seen.insert(candidate.setting.effective)
            if place >= (block - 1) * plan.candidatesPerBlock { proposed.append(candidate) }
        }
        return proposed
    }

    private func draw(
        _ arm: Arm, at place: Int, of plan: StudyPlan, unlike seen: Set<Setting>
    ) -> Candidate? {
        let knobs = plan.searched.filter { arm == .overall || plan.reachable.contains($0.id) }
        guard !knobs.isEmpty else { return nil }
        // With no reachable knob every place is one of the overall arm, else every second.
        let row = plan.reachable.isEmpty ? place : place / 2
        var seed = plan.root.branch("random design \(arm.rawValue) \(place)")
        var setting = plan.control
        for knob in knobs { setting[knob] = level(of: knob, arm: arm, row: row, plan: plan) }
        for _ in 0..<Self.draws {
            if !seen.contains(setting.effective), setting.breaksNothingNew(beside: plan.control) {
                return Candidate(arm: arm, setting: setting)
            }
            for knob in knobs {
                setting[knob] = plan.levels(of: knob).randomElement(using: &seed) ?? setting[knob]
            }
        }
        return nil
    }

    /// Row by row through one shuffled deck of the levels after another.
    private func level(of knob: Knob, arm: Arm, row: Int, plan: StudyPlan) -> Int64 {
        let levels = plan.levels(of: knob)
        let deck = row / levels.count
        var seed = plan.root.branch("levels \(arm.rawValue) \(knob.id) \(deck)")
        return levels.shuffled(using: &seed)[row % levels.count]
    }
}

extension Setting {
    /// A control that RocksDB corrects is the user's business; a candidate that it would correct
    /// measures something else than it says.
    fileprivate func breaksNothingNew(beside control: Setting) -> Bool {
        let known = Set(control.violations.map(\.id))
        return violations.allSatisfy { known.contains($0.id) }
    }
}
