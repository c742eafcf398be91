internal import Advisor
internal import Measure
internal import Study

extension Plot {
    /// The trial of each configuration that lies in the middle of its kind, over its measured time.
    ///
    /// - Returns: nil if there are no samples to show.
    static func timeline(_ input: ReportInput, samples: [Int: Samples]) -> Plot? {
        var data: [String: String] = [:]
        var stalls: [String] = []
        var files: [String] = []
        for (index, compared) in input.compared.enumerated() {
            guard let trial = median(of: input.trials(of: compared.setting)),
                let sampled = samples[trial.number], let times = sampled.column("seconds"),
                let most = sampled.column("l0_files_max"), let rates = sampled.rate(of: "stall_s")
            else { continue }
            let title = quoted("\(compared.name), trial \(trial.number)")
            // The first are wider, so that a line under another one is still seen.
            let look = "lc rgb \"\(colours[index])\" lw \([4, 2.5, 1][index]) title \(title)"
            let (rateFile, levelFile) = ("stalls-\(index).dat", "l0-\(index).dat")
            data[rateFile] = rates.map { "\($0.seconds)\t\($0.value)\n" }.joined()
            data[levelFile] = zip(times, most).map { "\($0)\t\($1)\n" }.joined()
            stalls.append("\"\(rateFile)\" using 1:2 with fsteps \(look)")
            files.append("\"\(levelFile)\" using 1:2 with steps \(look)")
        }
        guard !stalls.isEmpty else { return nil }
        let script =
            preamble("timeline", width: 860, height: 640)
                + """
                set multiplot layout 2,1
                set lmargin 11
                set yrange [0:*]
                set offsets 0, 0, graph 0.25, 0
                set xlabel "time in the trial, s"
                set ylabel "writes stalled, s per s"
                plot \(stalls.joined(separator: ", \\\n     "))
                set ylabel "L0 files, fullest shard"
                plot \(files.joined(separator: ", \\\n     "))
                unset multiplot

                """
        return Plot(
            name: "timeline", title: "Stalls and L0 files over time",
            caption: "Above: seconds that writers of all shards together waited, in each second "
                + "(several may wait at once, so it can exceed 1). Below: L0 files of the shard "
                + "that had most. One trial of each configuration, the one with the median score.",
            script: script, data: data)
    }

    /// Trials whose samples `timeline` wants to see.
    static func sampledTrials(_ input: ReportInput) -> [Int] {
        input.compared.compactMap { median(of: input.trials(of: $0.setting))?.number }
    }

    private static func median(of trials: [TrialRecord]) -> TrialRecord? {
        let sorted = trials.sorted { value($0) < value($1) }
        return sorted.isEmpty ? nil : sorted[(sorted.count - 1) / 2]
    }

    private static func value(_ trial: TrialRecord) -> Double {
        trial.result.values[Metric.objective] ?? .infinity
    }
}
