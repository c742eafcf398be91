internal import Foundation

/// Goes through the lines of a shard's info logs, oldest first.
struct LogReader {
    private var summary = LogSummary()
    /// Counters that grow within one run of the broker and begin again at zero in the next: their last
    /// value, and the sum of the last values of earlier runs.
    private var growing: [String: (last: Double, earlier: Double)] = [:]
    /// The column family whose statistics, or whose options, are being printed.
    private var statisticsOf = ""
    private var optionsOf = ""

    /// Far beyond what `max_log_file_size` = 1 MiB lets a file grow to; of a longer one the end is read.
    private static let bytesLimit: UInt64 = 64 << 20

    mutating func read(_ path: String) throws(DiagnoseError) {
        let data: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            let end = try file.seekToEnd()
            let start = end > Self.bytesLimit ? end - Self.bytesLimit : 0
            if start > 0 { summary.filesCutShort += 1 }
            try file.seek(toOffset: start)
            data = try file.readToEnd() ?? Data()
        } catch { throw .unreadable(path, "cannot be read (\(error.localizedDescription))") }
        summary.files += 1
        for line in data.split(separator: UInt8(ascii: "\n")) {
            add(String(decoding: line, as: UTF8.self))
        }
    }

    mutating func finish() -> LogSummary {
        for (name, counter) in growing {
            let total = counter.earlier + counter.last
            if name.isEmpty {
                summary.stallSeconds = total
            } else if total > 0, let kind = name.split(separator: "\t").last {
                summary.stalls[String(kind), default: 0] += Int(total)
            }
        }
        return summary
    }

    private mutating func add(_ line: String) {
        if let stamp = Self.stamp(of: line) {
            summary.first = summary.first ?? stamp
            summary.last = stamp
            addStamped(line, stamp)
        } else {
            addStatistics(line)
        }
    }

    /// "2026/11/25-02:42:22.145452 7537 …"
    private static func stamp(of line: String) -> String? {
        let stamp = line.prefix { $0 != " " }
        guard stamp.utf8.count == 26, stamp.dropFirst(10).first == "-",
            stamp.first?.isNumber == true
        else { return nil }
        return String(stamp)
    }

    private mutating func addStamped(_ line: String, _ stamp: String) {
        if let event = line.range(of: "EVENT_LOG_v1 ") {
            addEvent(line[event.upperBound...])
        } else if let warning = line.range(of: "Stopping writes because") {
            addWarning(String(line[warning.lowerBound...]), stopped: true, stamp)
        } else if let warning = line.range(of: "Stalling writes because") {
            addWarning(String(line[warning.lowerBound...]), stopped: false, stamp)
        } else if let version = line.range(of: "RocksDB version: ") {
            let text = String(line[version.upperBound...]).trimmingCharacters(in: .whitespaces)
            if !summary.versions.contains(text) { summary.versions.append(text) }
            optionsOf = ""
        } else if let family = line.range(of: "Options for column family [") {
            optionsOf = String(line[family.upperBound...].prefix { $0 != "]" })
        } else if let option = line.range(of: " Options.") {
            let pair = line[option.upperBound...].split(separator: ":", maxSplits: 1)
            if pair.count == 2 {
                summary.options[optionsOf, default: [:]][String(pair[0])] =
                    pair[1].trimmingCharacters(in: .whitespaces)
            }
        } else if line.contains(" [ERROR] ") {
            summary.errors += 1
            summary.lastError = line
        }
    }

    private mutating func addWarning(_ text: String, stopped: Bool, _ stamp: String) {
        let kind: LogSummary.Stall
        if text.contains("immutable memtables") {
            kind = stopped ? .memtableStops : .memtableSlowdowns
        } else if text.contains("level-0 files") {
            kind = stopped ? .l0Stops : .l0Slowdowns
        } else if text.contains("pending compaction bytes") {
            kind = stopped ? .pendingStops : .pendingSlowdowns
        } else {
            return
        }
        var warnings = summary.warnings(kind)
        warnings.count += 1
        if warnings.first.isEmpty { warnings.first = stamp }
        warnings.last = stamp
        warnings.text = text
        summary.warnings[kind.rawValue] = warnings
    }

    private mutating func addEvent(_ text: Substring) {
        guard let json = try? JSONSerialization.jsonObject(with: Data(text.utf8)),
            let event = json as? [String: Any], let name = event["event"] as? String
        else { return }
        func number(_ key: String) -> Int { (event[key] as? NSNumber)?.intValue ?? 0 }
        switch name {
        case "flush_started":
            summary.flushes.count += 1
            summary.flushes.bytesIn += number("total_data_size")
            let reason = event["flush_reason"] as? String ?? "?"
            summary.flushes.reasons[reason, default: 0] += 1
        case "compaction_started":
            summary.compactions.bytesIn += number("input_data_size")
            let reason = event["compaction_reason"] as? String ?? "?"
            summary.compactions.reasons[reason, default: 0] += 1
        case "compaction_finished":
            summary.compactions.count += 1
            summary.compactions.bytesOut += number("total_output_size")
        default: break
        }
    }

    /// Lines of the periodic statistics have no stamp of their own.
    private mutating func addStatistics(_ line: String) {
        if line.hasPrefix("Cumulative stall: ") {
            let clock = line.dropFirst(18).prefix { $0 != " " }.split(separator: ":").map {
                Double($0) ?? 0
            }
            if clock.count == 3 { grow("", clock[0] * 3_600 + clock[1] * 60 + clock[2]) }
        } else if line.hasPrefix("** Compaction Stats [") {
            statisticsOf = String(line.dropFirst(21).prefix { $0 != "]" })
        } else if line.hasPrefix("Stalls(count): ") {
            for item in line.dropFirst(15).components(separatedBy: ", ") {
                let words = item.split(separator: " ", maxSplits: 1).map(String.init)
                if words.count == 2, let count = Double(words[0]) { addStalls(words[1], count) }
            }
        } else if line.hasPrefix("Write Stall (count): ") {
            for item in line.dropFirst(21).components(separatedBy: ", ") {
                let words = item.components(separatedBy: ": ")
                if words.count == 2, let count = Double(words[1]) { addStalls(words[0], count) }
            }
        }
    }

    /// As RocksDB 7 names them (`Stalls(count)`), and as RocksDB 9 does (`Write Stall (count)`).
    private static let kinds: [String: LogSummary.Stall] = [
        "level0_slowdown": .l0Slowdowns, "level0_numfiles": .l0Stops,
        "memtable_slowdown": .memtableSlowdowns, "memtable_compaction": .memtableStops,
        "slowdown for pending_compaction_bytes": .pendingSlowdowns,
        "stop for pending_compaction_bytes": .pendingStops,
        "l0-file-count-limit-delays": .l0Slowdowns, "l0-file-count-limit-stops": .l0Stops,
        "memtable-limit-delays": .memtableSlowdowns, "memtable-limit-stops": .memtableStops,
        "pending-compaction-bytes-delays": .pendingSlowdowns,
        "pending-compaction-bytes-stops": .pendingStops,
    ]

    private mutating func addStalls(_ name: String, _ count: Double) {
        if let kind = Self.kinds[name] { grow(statisticsOf + "\t" + kind.rawValue, count) }
    }

    private mutating func grow(_ name: String, _ value: Double) {
        var counter = growing[name] ?? (0, 0)
        if value < counter.last { counter.earlier += counter.last }
        counter.last = value
        growing[name] = counter
    }
}
