internal import Advisor
internal import Foundation
internal import Measure
internal import Study

extension Plot {
    private static let histogram = "durable"
    /// Percentile marks on an axis of 1 / (1 − p).
    private static let marks: [(String, Double)] = [
        ("0 %", 1), ("50 %", 2), ("90 %", 10), ("99 %", 100), ("99.9 %", 1_000),
        ("99.99 %", 10_000), ("99.999 %", 100_000), ("99.9999 %", 1_000_000),
    ]

    /// - Returns: nil if no trial measured a latency.
    static func latency(_ input: ReportInput) -> Plot? {
        var data: [String: String] = [:]
        var curves: [String] = []
        var farthest = 10.0
        for (index, compared) in input.compared.enumerated() {
            let trials = input.trials(of: compared.setting)
            // Histograms add up; averaging percentiles of trials would not be a percentile.
            var sum = LatencyHistogram()
            for trial in trials {
                if let one = trial.result.histograms[histogram] { sum.add(one) }
            }
            let points = sum.curve().filter { $0.percentile < 100 && $0.value > .zero }
            guard let last = points.last else { continue }
            farthest = max(farthest, 1 / (1 - last.percentile / 100))
            let file = "latency-\(index).dat"
            data[file] = points.map { point in
                let place = 1 / (1 - point.percentile / 100)
                return "\(place)\t\(Double(point.value.count) / 1e6)\n"
            }.joined()
            let title = quoted("\(compared.name), \(trials.count) trials")
            curves.append(
                "\"\(file)\" using 1:2 with lines lc rgb \"\(colours[index])\" lw 2 title \(title)")
        }
        guard !curves.isEmpty else { return nil }
        let shown = marks.filter { $0.1 <= farthest * 1.01 }
        // gnuplot reads the label of a tick as a format.
        let ticks = shown.map { "\"\($0.0.replacing("%", with: "%%"))\" \($0.1)" }
            .joined(separator: ", ")
        let script =
            preamble("latency", width: 860, height: 460)
                + """
                set logscale xy
                set xrange [1:\(farthest)]
                set xtics (\(ticks))
                set mxtics 1
                set xlabel "percentile of the messages"
                set ylabel "intended time → durable, ms"
                plot \(curves.joined(separator: ", \\\n     "))

                """
        return Plot(
            name: "latency", title: "Latency percentiles",
            caption: "From the moment a message was planned to be sent until the commit that holds "
                + "it, all confirmation trials of a configuration added up. Lower is better; both "
                + "axes are logarithmic, the horizontal one towards the tail.",
            script: script, data: data)
    }
}
