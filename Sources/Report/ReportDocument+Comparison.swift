internal import Advisor
internal import Knobs
internal import Measure
internal import Study

extension ReportDocument {
    /// Control against the finalists: the published numbers.
    static func comparison(_ input: ReportInput) -> String {
        let advice = input.recommendation
        guard let first = advice.reachable ?? advice.overall else {
            return """
                ## Control against best

                No candidate could be ranked against its control, so nothing was confirmed. \
                The table of trials says why for each.

                """
        }
        var text = """
            ## Control against best

            \(Recommendation.objective), from the confirmation rounds:

            \(Markdown.table(
                ["compared", "change", "95 % interval", "pairs", "shown"], intervals(input)))
            """
        var header = ["median of the confirmation trials", "control"]
        var columns = [first.sides.map { side in figure(side.control, side.metric) }]
        for (name, finalist) in finalists(advice) {
            header.append(name)
            columns.append(finalist.sides.map { figure($0.finalist, $0.metric) })
        }
        let rows = first.sides.enumerated().map { index, side in
            [side.metric.title] + columns.map { $0[index] }
        }
        text += "\n" + Markdown.table(header, rows, numeric: Set(1..<header.count))
        return text
    }

    static func finalists(_ advice: Recommendation) -> [(String, FinalistAdvice)] {
        var finalists: [(String, FinalistAdvice)] = []
        if let reachable = advice.reachable {
            finalists.append((advice.areOne ? "best" : "best reachable", reachable))
        }
        if let overall = advice.overall, !advice.areOne {
            finalists.append(("best overall", overall))
        }
        return finalists
    }

    private static func intervals(_ input: ReportInput) -> [[String]] {
        let advice = input.recommendation
        var rows = finalists(advice).map { name, finalist in
            row("\(name) against control", finalist.judgement.estimate)
                + [finalist.judgement.outcome.rawValue.replacing("_", with: " ")]
        }
        if !advice.areOne, advice.reachable != nil, advice.overall != nil {
            rows.append(row("best overall against best reachable", advice.distance) + [""])
        }
        return rows
    }

    private static func row(_ name: String, _ estimate: Estimate?) -> [String] {
        guard let estimate else { return [name, "not measured", "", "fewer than 3"] }
        let (value, low, high) = estimate.ratio
        return [
            name, Figures.change(ofRatio: value),
            "\(Figures.change(ofRatio: low)) to \(Figures.change(ofRatio: high))",
            "\(estimate.pairs)",
        ]
    }

    static func figure(_ value: Double?, _ metric: Metric) -> String {
        value.map { Figures.text($0, metric.unit) } ?? "–"
    }

    /// What the finalists change, knob by knob.
    static func changes(_ input: ReportInput) -> String {
        let advice = input.recommendation
        return finalists(advice).map { name, finalist in
            let rows = finalist.changes.map { change in
                [
                    Markdown.code(change.knob.id), change.knob.text(change.from),
                    change.knob.text(change.to), change.knob.effect,
                    change.reach.tier.rawValue, change.reachSentence,
                ]
            }
            return """
                ### What the \(name) changes

                Found in trial \(finalist.trial) of the search.

                \(Markdown.table(
                    ["knob", "control", name, "effect", "tier", "on \(advice.dialect.title)"], rows))
                """ + finalist.warnings.map { "\n\($0)\n" }.joined()
        }.joined(separator: "\n")
    }
}
