package import Measure
package import Storage

/// What RocksDB's listeners noted, as a table.
package enum EventLog {
    /// `events.tsv`: tab-separated; seconds counted from `origin`; bytes and files where they apply.
    package static func table(_ events: [StorageEvent], from origin: MonotonicTime) -> String {
        var lines = [
            "began_s\tended_s\tshard\tcolumn_family\tevent\tfrom_level\tto_level\tbytes_read\tbytes_written"
        ]
        for event in events {
            let what: [String] =
                switch event.kind {
                case .flush(let bytes): ["flush", "", "0", "", "\(bytes.count)"]
                case .compaction(let from, let to, _, _, let read, let written):
                    ["compaction", "\(from)", "\(to)", "\(read.count)", "\(written.count)"]
                case .stall(let condition): ["write_\(condition)", "", "", "", ""]
                case .error(let code): ["error_\(code)", "", "", "", ""]
                }
            let family = event.columnFamily.map { "\($0)" } ?? ""
            let head = [
                "\((event.began - origin).seconds)", "\((event.ended - origin).seconds)",
                "\(event.shard)", family,
            ]
            lines.append((head + what).joined(separator: "\t"))
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
