package import Advisor
internal import Knobs
internal import Measure
internal import Study

/// `report.md`: the verdict first, then what to do, then everything it rests on.
package enum ReportDocument {
    package static func markdown(
        _ input: ReportInput, files: ConfigurationFiles, plots: [Plot]
    ) -> String {
        let captures = input.plan.captures.map { Markdown.escaped($0.name) }
        let title = "\(captures.joined(separator: ", ")) on \(input.recommendation.dialect.title)"
        return [
            "# \(title)\n",
            verdict(input), paste(input, files: files), asked(input), comparison(input),
            changes(input), pictures(plots), traffic(input), scale(input), start(input),
            trials(input),
            model(input), environment(input), again(input), glossary(input),
        ].joined(separator: "\n")
    }

    private static func verdict(_ input: ReportInput) -> String {
        let advice = input.recommendation
        var text = "## Verdict\n\n" + advice.verdict(of: input.plan) + "\n"
        if let best = advice.bestOverall { text += "\n\(best)\n" }
        let warnings = (advice.change?.warnings ?? []) + advice.warnings
        if !warnings.isEmpty {
            text += "\nMind:\n\n" + warnings.map { "- \($0)\n" }.joined()
        }
        return text
    }

    private static func paste(_ input: ReportInput, files: ConfigurationFiles) -> String {
        var text = "## What to paste\n\n"
        let live = files.emqx.split(separator: "\n").filter { !$0.hasPrefix("#") }
        if input.recommendation.change == nil {
            text += """
                Nothing. `emqx.conf` beside this report has no live line; its comments say what was \
                found and why it is not recommended or cannot be set.

                """
        } else {
            text += """
                `emqx.conf` beside this report, into the configuration of \
                \(input.recommendation.dialect.title). Its live lines are exactly what was measured \
                against the control:

                \(Markdown.block(live.joined(separator: "\n")))
                `rollback.conf` puts the settings of the control back.

                """
        }
        text += """

            Do not paste `emqx-style.conf` into EMQX: it holds every knob in one vocabulary for \
            dstune's own broker, and its header names the versions that refuse to boot with it.

            """
        return text
    }

    /// All of a few values, else the ends. A scale at which a knob has one value left does not vary it.
    private static func tried(_ knob: Knob, _ values: [Int64]) -> String {
        guard values.count > 1 else { return "not varied at this scale" }
        guard values.count > 5 else { return values.map(knob.text).joined(separator: ", ") }
        return "\(knob.text(values[0])) to \(knob.text(values[values.count - 1])), "
            + "\(values.count) values"
    }

    private static func asked(_ input: ReportInput) -> String {
        let plan = input.plan
        let dialect = input.recommendation.dialect
        let knobs = plan.searched.map { knob in
            let values = plan.levels(of: knob)
            return [
                Markdown.code(knob.id), knob.text(plan.control[knob]),
                tried(knob, values),
                plan.reachable.contains(knob.id) ? "yes" : "no",
                KnobChange(
                    knob, from: plan.control[knob], to: plan.control[knob], tried: values,
                    on: dialect
                ).reachSentence,
            ]
        }
        let node =
            plan.newDatabase ? "a node without a database yet" : "a node that has its database"
        let origin =
            plan.configPath.map { "read from \(Markdown.code($0))" }
            ?? "EMQX's standard settings, because no --config was given"
        return """
            ## What was asked

            Which settings bring "\(Recommendation.objective)" down, for \(dialect.title), \(node)? \
            The control: \(origin). Searched were:

            \(Markdown.table(
                ["knob", "control", "tried", "reachable", "on \(dialect.title)"], knobs))
            The search ran \(plan.blocks) blocks, each with the control and up to \
            \(plan.candidatesPerBlock) candidates, in random order; candidates come from \
            \(Markdown.code(plan.method)): \(SearchMethods.find(plan.method)?.summary ?? ""). The best of \
            each kind was then measured again in \(plan.confirmationRounds) rounds beside the control. Only those \
            rounds are published as a gain: the best of many noisy trials always looks better than \
            it is. Equal means within \(Figures.brief(plan.margin * 100)) %.

            """
    }

    private static func pictures(_ plots: [Plot]) -> String {
        guard !plots.isEmpty else {
            return "## Plots\n\nNothing was measured that could be drawn.\n"
        }
        return "## Plots\n\n"
            + plots.map {
                "![\(Markdown.escaped($0.title))](plots/\($0.name).svg)\n\n*\($0.title).* \($0.caption)\n"
            }.joined(separator: "\n")
    }

    private static func traffic(_ input: ReportInput) -> String {
        let summary = input.plan.traffic
        var text = "## Traffic\n\n"
        text += summary.sentences.map { Markdown.escaped($0) + "\n\n" }.joined()
        if let header = summary.table.first {
            let rows = summary.table.dropFirst().filter { $0.count == header.count }
            text += Markdown.table(
                header.map(Markdown.escaped), rows.map { $0.map(Markdown.escaped) })
        }
        return text
    }
}
