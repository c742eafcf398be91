package import Measure
package import Storage

/// What RocksDB's listeners noted, as a table.
package enum EventLog {
    /// `events.tsv`: tab-separated; seconds counted from `origin`; levels, files and bytes where they apply.
    /// `reason` is RocksDB's name; of a stall it is our inference (`StallCause`), of an error RocksDB's text.
    package static func table(_ events: [StorageEvent], from origin: MonotonicTime) -> String {
        var lines = [
            "began_s\tended_s\tshard\tcolumn_family\tjob\tevent\treason\tfrom_level\tto_level\tfiles_read"
                + "\tfiles_written\tbytes_read\tbytes_written"
        ]
        for event in events {
            let head = [
                "\((event.began - origin).seconds)", "\((event.ended - origin).seconds)",
                "\(event.shard)", event.columnFamily.map { "\($0)" } ?? "",
                event.job == 0 ? "" : "\(event.job)",
            ]
            lines.append((head + columns(of: event.kind)).joined(separator: "\t"))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func columns(of kind: StorageEvent.Kind) -> [String] {
        switch kind {
        case .flushBegan(let reason): ["flush_begin", "\(reason)", "", "0", "", "", "", ""]
        case .flush(let reason, let bytes):
            ["flush", "\(reason)", "", "0", "", "1", "", "\(bytes.count)"]
        case .compactionBegan(let job):
            [
                "compaction_begin", "\(job.reason)", "\(job.from)", "\(job.to)", "\(job.filesIn)", "",
                "\(job.read.count)", "",
            ]
        case .compaction(let job):
            [
                "compaction", "\(job.reason)", "\(job.from)", "\(job.to)", "\(job.filesIn)",
                "\(job.filesOut)", "\(job.read.count)", "\(job.written.count)",
            ]
        case .stall(_, let condition, let cause):
            [
                "write_\(condition)",
                condition == .normal ? "" : cause.map { "inferred: \($0)" } ?? "unknown",
            ] + blanks
        case .error(let reason, let code, let text):
            // A sentence of RocksDB's may hold anything; a cell may not.
            [
                "error_\(code)",
                (reason.map { "\($0): " } ?? "")
                    + String(text.map { $0 == "\t" || $0.isNewline ? " " : $0 }),
            ] + blanks
        }
    }

    /// Levels, files and bytes of what has none.
    private static let blanks = [String](repeating: "", count: 6)
}
