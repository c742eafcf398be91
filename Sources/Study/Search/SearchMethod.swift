package import Knobs

/// A setting to be measured beside the control of a block.
package struct Candidate: Equatable, Sendable {
    package let arm: Arm
    package let setting: Setting

    package init(arm: Arm, setting: Setting) {
        self.arm = arm
        self.setting = setting
    }
}

/// Proposes what the next block tries. Pure: the same plan and history give the same proposal, so a
/// study can be resumed from its store.
package protocol SearchMethod: Sendable {
    /// Stands in the study's plan: never renamed.
    var name: String { get }

    /// How it draws candidates, for the report: a clause that follows "with the control and candidates".
    var summary: String { get }

    /// Up to `plan.candidatesPerBlock` settings for `block`, none of them the control or in an
    /// earlier block; fewer when there are no others left.
    ///
    /// - Parameter history: the results of all blocks before this one, by number.
    func propose(block: Int, of plan: StudyPlan, after history: [TrialRecord]) -> [Candidate]
}

package enum SearchMethods {
    /// Every method there is. A new one is a file beside this one and its name here.
    package static let all: [any SearchMethod] = [RandomDesign()]

    package static func find(_ name: String) -> (any SearchMethod)? {
        all.first { $0.name == name }
    }
}
