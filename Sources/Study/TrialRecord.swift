package import Knobs

package enum Phase: String, Codable, Sendable { case search, confirmation }
package enum Role: String, Codable, Sendable { case control, candidate }

/// What a candidate may turn.
package enum Arm: String, Codable, Sendable {
    /// Only what the named version takes from a configuration file.
    case reachable
    case overall
}

/// A place in the schedule of a study. The number is its place, from 1: a repeated attempt keeps it.
package struct PlannedTrial: Codable, Equatable, Sendable {
    package let number: Int
    package let phase: Phase
    /// Block of the search or round of the confirmation, from 1 in each. Its trials share a control
    /// and a seed.
    package let block: Int
    package let role: Role
    /// nil for a control.
    package let arm: Arm?
    package let setting: Setting

    package init(
        number: Int, phase: Phase, block: Int, role: Role, arm: Arm?, setting: Setting
    ) {
        precondition((role == .control) == (arm == nil))
        self.number = number
        self.phase = phase
        self.block = block
        self.role = role
        self.arm = arm
        self.setting = setting
    }
}

/// A planned trial with its answer. Trials that have none yet are in no list.
package struct TrialRecord: Codable, Sendable {
    package let planned: PlannedTrial
    /// How often it was run: a trial that dies is tried once more.
    package let attempts: Int
    package let spec: TrialSpec
    package let result: TrialResult

    package init(planned: PlannedTrial, attempts: Int, spec: TrialSpec, result: TrialResult) {
        precondition(attempts >= 1)
        self.planned = planned
        self.attempts = attempts
        self.spec = spec
        self.result = result
    }

    package static let attemptsAllowed = 2

    package var number: Int { planned.number }

    /// Whether the schedule goes on behind it.
    package var isSettled: Bool {
        result.ending == .finished || attempts >= Self.attemptsAllowed
    }
}

extension [TrialRecord] {
    package func inBlock(_ block: Int, of phase: Phase) -> [TrialRecord] {
        filter { $0.planned.phase == phase && $0.planned.block == block }
    }
}
