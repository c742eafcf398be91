internal import Foundation
internal import HOCON
internal import Knobs
internal import Measure
package import Study

/// The files that a person pastes, as text.
package struct ConfigurationFiles: Sendable {
    /// Safe to paste: only lines that the named version and edition accept, and only if the
    /// configuration that was measured with exactly these lines was shown to be better.
    package let emqx: String
    /// Every knob, for this tool's own broker.
    package let emqxStyle: String
    /// Takes back what `emqx` does.
    package let rollback: String

    /// - Parameter date: of the report, milliseconds since the epoch.
    package init(_ recommendation: Recommendation, plan: StudyPlan, date: UInt64) {
        let dialect = recommendation.dialect
        let setting = recommendation.change?.setting ?? plan.control
        let origin = Self.origin(plan, date: date)
        let backend = dialect.backend(of: plan.engine) ?? "builtin_local"
        var emqx = dialect.emqxConf(
            from: plan.control, to: setting,
            header: origin + Self.evidence(recommendation, plan) + Self.use(recommendation),
            newDatabase: plan.newDatabase, backend: backend)
        precondition(emqx.isLive == (recommendation.change != nil))
        for line in Self.others(recommendation) { line.isEmpty ? emqx.blank() : emqx.comment(line) }
        self.emqx = emqx.rendered()
        rollback = dialect.rollbackConf(
            from: plan.control, to: setting,
            header: origin + [
                "Undoes emqx.conf of the same study: put these lines in place of those."
            ],
            newDatabase: plan.newDatabase, backend: backend
        ).rendered()
        let own = recommendation.changeForOwnBroker
        let whose =
            own.map { "Settings of trial \($0.trial): \($0.judgement.sentence)" }
            ?? "The settings that were the control: nothing was shown to be better."
        emqxStyle = (own?.setting ?? plan.control).emqxStyleConf(
            header: origin + [whose, "For dstune: `--config` of sweep reads it."]
        ).rendered()
    }

    private static func origin(_ plan: StudyPlan, date: UInt64) -> [String] {
        let day = Date(timeIntervalSince1970: Double(date) / 1_000)
            .formatted(.iso8601.year().month().day())
        return [
            "Written by dstune \(plan.environment.version) on \(day) from "
                + plan.captures.map(\.name).joined(separator: ", ") + "."
        ]
    }

    private static func evidence(_ recommendation: Recommendation, _ plan: StudyPlan) -> [String] {
        let lines = [
            "Verdict: \(recommendation.shortVerdict()).",
            "Measured: \(Recommendation.objective), engine model \(plan.engine), traffic "
                + "\(Figures.brief(plan.scale.speed)) times as fast, sizes divided by "
                + "\(plan.scale.miniature); see report.md.",
        ]
        let assumed =
            plan.configPath == nil
            ? [
                "Measured against, and rolled back to, EMQX's standard settings: if your node sets these keys, "
                    + "run the study with --config."
            ] : []
        return lines + assumed + (recommendation.notMeasured.map { [$0] } ?? [])
    }

    private static func use(_ recommendation: Recommendation) -> [String] {
        guard let change = recommendation.change else { return [] }
        let restart = change.changes.contains {
            if case .live(_, .restart) = $0.reach { true } else { false }
        }
        return [
            "To apply: put these lines at the END of etc/emqx.conf on every node (what stands later or in an "
                + "EMQX_… variable overrides them), run `emqx check_config`"
                + (restart ? ", restart the node." : "."),
            "To undo: put the lines of rollback.conf in place of these.",
        ]
    }

    /// What else was found and why it is not a line. `emqxConf` explains the unreachable part of the
    /// setting that it is given; this is about the finalists that it is not given.
    private static func others(_ recommendation: Recommendation) -> [String] {
        let change = recommendation.change
        var lines: [String] = []
        if change == nil, let reachable = recommendation.reachable {
            lines += ["", "Measured and not recommended: \(reachable.judgement.sentence)"]
            lines += reachable.changes.map { "- \($0.words)" }
        }
        if !recommendation.areOne, let overall = recommendation.overall {
            lines += ["", "Best of everything tried: \(overall.judgement.sentence)"]
            lines += overall.changes.map { change in
                let tier = change.reach.tier.rawValue
                return switch change.reach {
                case .live:
                    "- \(change.words): could be set, but was not measured without the rest."
                case .newDatabaseOnly, .notSettable:
                    "- \(change.words) (\(tier)): \(change.reachSentence)."
                }
            }
        }
        return lines
    }
}
