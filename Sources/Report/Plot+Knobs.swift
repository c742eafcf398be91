internal import Advisor
internal import Foundation
internal import Knobs
internal import Study

extension Plot {
    /// Small multiples: for each searched knob, every ranked candidate of the search.
    ///
    /// - Returns: nil if none was ranked.
    static func knobs(_ input: ReportInput) -> Plot? {
        let scores = input.search.scores()
        let trials = Dictionary(
            uniqueKeysWithValues: input.search.map { ($0.number, $0.planned) })
        guard !scores.isEmpty else { return nil }
        let knobs = input.plan.searched
        let columns = min(3, knobs.count)
        let rows = (knobs.count + columns - 1) / columns
        var data: [String: String] = [:]
        var script =
            preamble("knobs", width: 300 * columns + 60, height: 260 * rows + 40)
                + """
                set multiplot layout \(rows),\(columns)
                set key off
                set offsets 0.5, 0.5, graph 0.1, graph 0.1
                set tmargin 2.5
                set xtics rotate by -35 font ",11" noenhanced
                set ytics font ",11"

                """
        for (index, knob) in knobs.enumerated() {
            // The values stand side by side, each as wide as the other, whatever their distance.
            let values = Set(scores.compactMap { trials[$0.trial]?.setting[knob] })
                .union([input.plan.control[knob]]).sorted()
            let place = Dictionary(uniqueKeysWithValues: values.enumerated().map { ($1, $0) })
            for (arm, suffix) in [(Arm.reachable, "reachable"), (.overall, "overall")] {
                data["knob-\(index)-\(suffix).dat"] = scores.compactMap { score in
                    guard let trial = trials[score.trial], trial.arm == arm,
                        let x = place[trial.setting[knob]]
                    else { return nil }
                    return "\(x)\t\((exp(score.logRatio) - 1) * 100)\n"
                }.joined()
            }
            let ticks = values.enumerated().map { "\"\(knob.text($1))\" \($0)" }
            script += """
                set title \(quoted(knob.title)) font ",13"
                set xtics (\(ticks.joined(separator: ", ")))
                set xrange [\(-0.5):\(Double(values.count) - 0.5)]
                set ylabel "\(index % columns == 0 ? "score, %" : "")" font ",12"
                set arrow 1 from \(place[input.plan.control[knob]] ?? 0), graph 0 \
                to \(place[input.plan.control[knob]] ?? 0), graph 1 nohead lc rgb "#999999" dt 2
                plot 0 lc rgb "#000000" lw 1, \(series(index, "reachable", data, 1, 7)), \
                \(series(index, "overall", data, 2, 6))

                """
        }
        script += "unset multiplot\n"
        return Plot(
            name: "knobs", title: "Knob against score, search phase",
            caption: "Each point is one candidate: how much lower (below the line) or higher its "
                + "\(Recommendation.objective) was than that of the control of its block. Filled blue: "
                + "only reachable knobs were turned; open orange: all. The dashed line marks the "
                + "control's value. Several knobs change from point to point, so this shows where "
                + "to look and proves nothing.",
            script: script, data: data)
    }

    private static func series(
        _ index: Int, _ suffix: String, _ data: [String: String], _ colour: Int, _ shape: Int
    ) -> String {
        let file = "knob-\(index)-\(suffix).dat"
        // gnuplot stops at a file without points.
        guard data[file]?.isEmpty == false else { return "NaN notitle" }
        return "\"\(file)\" using 1:2 with points pt \(shape) ps 0.9 lc rgb \"\(colours[colour])\""
    }
}
