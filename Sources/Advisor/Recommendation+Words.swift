internal import Knobs
internal import Measure
package import Study

extension Recommendation {
    /// The verdict in one paragraph, in Markdown, for someone who reads nothing else.
    package func verdict(of plan: StudyPlan) -> String {
        guard let change else { return "**Keep what you have.** " + reasonToKeep(plan) }
        return "**Change it.** On \(dialect.title) set \(KnobChange.list(change.changes)): "
            + "\(Self.objective) is \(change.judgement.estimate?.sentence ?? "unknown") "
            + "than with \(plan.controlWords)."
    }

    /// What could be had beyond the reach of the named version; nil if it is the reachable best.
    package var bestOverall: String? {
        guard isComplete, !areOne, let overall else { return nil }
        let best =
            "The best of everything tried, which \(dialect.title) cannot be given, is "
            + "\(KnobChange.list(overall.changes)): \(overall.judgement.sentence)"
        guard let distance else { return best }
        return best + " Measured against the best reachable one it is \(distance.sentence)."
    }

    /// What was compared, as it stands in sentences.
    package static var objective: String {
        Metric.find(Metric.objective)?.title ?? Metric.objective
    }

    private func reasonToKeep(_ plan: StudyPlan) -> String {
        guard isComplete else {
            return "The study is not finished, and only a finished one recommends anything."
        }
        guard engineSpeaksForDialect else {
            return "The engine model \(plan.engine) was measured, and it does not speak for "
                + "\(dialect.title)."
        }
        guard !plan.reachable.isEmpty else {
            return "\(dialect.title) takes none of the searched knobs from its configuration file"
                + (plan.newDatabase ? "." : " of a node that has its database already.")
        }
        guard let reachable else {
            return "No candidate that \(dialect.title) can be given could be ranked against its "
                + "control."
        }
        return "The best that \(dialect.title) can be given is "
            + "\(KnobChange.list(reachable.changes)): \(reachable.judgement.sentence)"
    }

    /// A few words for the header of a file.
    package func shortVerdict() -> String {
        if let change {
            return "improves: \(Self.objective) \(change.judgement.estimate?.sentence ?? "")"
        }
        guard isComplete else { return "no verdict: the study is not finished" }
        let judged = [reachable, overall].contains { $0?.judgement.estimate != nil }
        return judged
            ? "keep what you have" : "no verdict: no trial could be ranked against the control"
    }
}

extension Judgement {
    /// What was shown, as a sentence with its numbers.
    package var sentence: String {
        let shown = estimate.map { "\(Recommendation.objective) is \($0.sentence)" }
        let within = "\(Figures.brief(margin * 100)) %"
        return switch outcome {
        case .improves: "\(shown ?? "it") than the control: an improvement."
        case .equivalent:
            "\(shown ?? "it") against the control, all within the margin of \(within): they are equal."
        case .worse: "\(shown ?? "it") than the control: it is worse."
        case .inconclusive:
            "\(shown ?? "it") against the control, which shows no improvement beyond the margin of "
                + "\(within)."
        case .tooFewPairs: "fewer than three rounds of its confirmation could be compared."
        case .losesMessages:
            "it did not make durable every message that it accepted, so it cannot win."
        case .crashes: "a trial of it did not end twice in a row, so it cannot win."
        }
    }
}
