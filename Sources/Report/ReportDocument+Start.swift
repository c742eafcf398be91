internal import Measure
internal import Study

extension ReportDocument {
    /// What the trials began with.
    static func start(_ input: ReportInput) -> String {
        let title = "## What the trials began with\n\n"
        guard case .aged(let ageing) = input.plan.start else {
            return title + "Empty shards: every trial created its own.\n"
        }
        let days = Figures.significant(ageing.span.seconds / 86_400)
        let limit =
            switch ageing.limit {
            case .retention: "which is one retention period"
            case .disk:
                "as much as \(Figures.brief(Ageing.diskShare * 100)) % of the free space holds"
            case .request: "as was asked for"
            }
        var text = """
            \(title)A clone of one aged database. EMQX deletes nothing and drops whole generations, so it \
            is one generation, filled to \(Figures.significant(ageing.fill * 100)) % of what this traffic writes \
            at the trials' scale in the two retention periods that a generation collects, \(limit). It was \
            written once, through sessions and the write path that the trials use and with the control's \
            settings, from the recorded publishes over and over, with timestamps that go through \(days) \
            days before; then flushed, and compacted until nothing was due. Each trial's tables are hard \
            links to it, all other files are copies. What a candidate's settings wanted compacted at once was \
            waited for before the traffic (`start_debt_s`).


            """
        let rows = input.starts.map { state in
            [
                "\(state.shards)", Figures.grouped(Double(state.messages)),
                "\(Bytes(state.bytes.reduce(0, +)))",
                "\(Bytes(state.bytes.min() ?? 0)) to \(Bytes(state.bytes.max() ?? 0))",
                state.files.enumerated().filter { $0.element > 0 }
                    .map { "\($0.element) in L\($0.offset)" }.joined(separator: ", "),
                "\(Figures.significant(state.seconds)) s", Markdown.code(String(state.digest.prefix(16))),
            ]
        }
        text +=
            rows.isEmpty
            ? "None was built yet.\n"
            : Markdown.table(
                [
                    "shards", "messages", "tables", "per shard", "files of messages", "built in",
                    "SHA-256, 16 of 64 digits",
                ], rows, numeric: [0, 1])
        return text
    }

    static func startDepartures(_ input: ReportInput) -> [String] {
        switch input.plan.start {
        case .empty: ["Shards start empty: there are no deeper levels with older data."]
        case .aged:
            [
                "The aged database repeats the recorded payloads: it compresses better than a day's data."
            ]
        }
    }
}
