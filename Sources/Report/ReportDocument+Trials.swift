internal import Advisor
internal import Foundation
internal import Knobs
internal import Measure
internal import Study

extension ReportDocument {
    static func trials(_ input: ReportInput) -> String {
        let metrics = Metric.catalogue.filter(\.headline)
        let scores = Dictionary(
            uniqueKeysWithValues: (input.records.scores() + input.records.scores(in: .confirmation))
                .map { ($0.trial, $0.logRatio) })
        let duplicates = input.records.duplicates()
        let rows = input.records.map { record in
            let planned = record.planned
            let isControl = planned.role == .control
            return [
                "\(planned.number)",
                (planned.phase == .search ? "block " : "round ") + "\(planned.block)",
                isControl ? "**control**" : setting(of: planned, in: input),
                isControl
                    ? "" : scores[planned.number].map { Figures.change(ofRatio: exp($0)) } ?? "–",
            ] + metrics.map { figure(record.result.values[$0.id], $0) } + [
                doubts(record, in: input, duplicateOf: duplicates[planned.number])
            ]
        }
        let header =
            ["trial", "in", "setting", "score"] + metrics.map(\.shortTitle) + ["doubts"]
        return """
            ## Trials

            The score is the change of \(Recommendation.objective) against the control of the same \
            block or round; – stands for what was not observed or does not rank.

            \(Markdown.table(header, rows, numeric: Set(3..<(4 + metrics.count))))
            """
    }

    private static func setting(of planned: PlannedTrial, in input: ReportInput) -> String {
        let finalist = finalists(input.recommendation).first { $0.1.setting == planned.setting }
        if planned.phase == .confirmation, let finalist { return finalist.0 }
        return planned.setting.differences(from: input.plan.control)
            .map { "\(Markdown.code($0.id)) \($0.text(planned.setting[$0]))" }
            .joined(separator: ", ")
    }

    private static func doubts(
        _ record: TrialRecord, in input: ReportInput, duplicateOf other: Int?
    ) -> String {
        var doubts: [String] = []
        if case .failed(let sentence) = record.result.ending {
            doubts.append("failed \(record.attempts) times: \(sentence)")
        }
        doubts += record.result.caveats.map {
            ($0.disqualifies ? "not ranked, " : "") + $0.sentence
        }
        if record.planned.role == .candidate, let control = input.records.control(of: record),
            !control.result.ranks
        {
            doubts.append("no score, its control (trial \(control.number)) does not rank")
        }
        doubts += record.result.remarks
        if let other { doubts.append("RocksDB ran the same options as in trial \(other)") }
        return doubts.map(Markdown.escaped).joined(separator: "; ")
    }

    static func scale(_ input: ReportInput) -> String {
        let scale = input.plan.scale
        let speed = Figures.brief(scale.speed)
        var text = """
            ## Scale

            The recorded traffic was played \(speed) times as fast: to the broker the same fleet, \
            sending more often. Timers of the broker (flush interval, checkpoints) were not scaled. \
            Each trial warmed up for \(Figures.brief(scale.warmUp.seconds)) s and was measured for \
            \(Figures.brief(scale.window.seconds)) s.

            """
        // Without those that are off.
        let sizes = Knob.catalogue.filter { $0.shrinks && input.plan.control[$0] > 0 }
        if scale.miniature > 1, !sizes.isEmpty {
            let rows = sizes.map { knob in
                let full = input.plan.control[knob]
                return [
                    Markdown.code(knob.id), knob.text(full),
                    knob.text(full / Int64(clamping: scale.miniature)),
                ]
            }
            text += """

                RocksDB ran as a miniature: every byte size divided by \(scale.miniature), so also \
                target files, the level base, caches and limits of the WAL and of pending \
                compaction. Counts, triggers, threads, latencies and the disk were not scaled. The \
                finalists were not measured again at full scale.

                \(Markdown.table(["size of the control", "full scale", "in the trials"], rows))
                """
        } else {
            text += "\nRocksDB ran at full scale: no size was divided.\n"
        }
        return text + "\n" + cycles(input)
    }

    private static func cycles(_ input: ReportInput) -> String {
        let needed = input.plan.scale.cyclesNeeded
        let finished = input.records.filter { $0.result.ending == .finished }
        let counts = finished.compactMap { $0.result.values["l0_cycles"] }
        let certified = finished.filter { record in
            !record.result.caveats.contains {
                if case .tooFewCycles = $0 { true } else { false }
            }
        }.count
        guard let least = counts.min() else { return "No trial completed a compaction.\n" }
        return """
            A trial ranks if all shards together completed at least \(needed) L0 compactions in its \
            window. Reached: at least \(Figures.text(least, .count)), median \
            \(Figures.text(quantile(counts, 0.5), .count)); \(certified) of \(finished.count) \
            finished trials have the certificate.

            """
    }
}

extension Metric {
    /// Without its definition, which the comparison gives.
    fileprivate var shortTitle: String {
        title.split(separator: ": ").first.map(String.init) ?? title
    }
}
