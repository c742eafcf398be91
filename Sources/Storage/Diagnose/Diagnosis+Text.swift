internal import Foundation
internal import Measure

extension Diagnosis {
    /// Patterns that the text lists; JSON has more.
    private static let patternsShown = 20

    /// For people.
    package func text() -> String {
        var lines = [
            "\(directory): \(shards.count) shard\(shards.count == 1 ? "" : "s") of messages"
                + (scheme == .shard ? "" : " in the directories of \(scheme.rawValue)")
                + ", written by RocksDB \(versions), read by \(readBy)", "",
        ]
        lines += rowLines() + [""] + storageLines() + [""] + shardLines() + [""] + logLines() + [""]
        lines += topicLines() + modelLines()
        if findings.isEmpty {
            lines += ["findings: none"]
        } else {
            lines.append("findings:")
            for finding in findings {
                lines.append("  \(finding.severity.rawValue): \(finding.rule) (\(finding.count))")
                lines += finding.examples.map { "    \($0)" }
                lines.append("    → \(finding.advice)")
            }
        }
        return lines.flatMap { $0.wrapped() }.joined(separator: "\n")
    }

    private var versions: String {
        let all = Set(shards.compactMap(\.rocksdb)).sorted()
        return all.isEmpty ? "of unknown version" : all.joined(separator: " and ")
    }

    private func rowLines() -> [String] {
        var lines = ["rows"]
        let formats = Set(shards.flatMap(\.generations).map(\.format.text)).sorted()
        lines += formats.map { Self.row("layout", $0) }
        lines += total.rows.named.filter { $0.count > 0 }.map { Self.row($0.name, "\($0.count)") }
        let sampled = shards.flatMap(\.generations).filter(\.sampled)
        if !sampled.isEmpty {
            let estimate = shards.flatMap(\.generations).reduce(0) { $0 + $1.estimatedRows }
            lines.append(
                "  only the first rows of \(sampled.count) generations were read (--sample); about \(estimate) rows "
                    + "are there")
        }
        if let oldest = total.oldest, let newest = total.newest {
            lines.append(Self.row("oldest message", Self.date(oldest)))
            lines.append(Self.row("newest message", Self.date(newest)))
        }
        return lines
    }

    private func storageLines() -> [String] {
        var lines = ["files"]
        let kinds: [(String, FileCensus.Kind)] = [
            ("SST", total.files.sst), ("WAL", total.files.wal), ("MANIFEST", total.files.manifest),
            ("LOG", total.files.log), ("other", total.files.other),
        ]
        for (name, kind) in kinds where kind.files > 0 {
            let unused =
                kind.unusedBytes > 0
                ? ", \(Self.size(kind.unusedBytes)) allocated and unused" : ""
            lines.append(Self.row(name, "\(kind.files) files, \(Self.size(kind.bytes))\(unused)"))
        }
        for level in total.levels {
            lines.append(
                Self.row("level \(level.level)", "\(level.files) files, \(Self.size(level.bytes))"))
        }
        return lines
    }

    private func shardLines() -> [String] {
        let head = [
            "shard", "messages", "index_rows", "streams", "sst_bytes", "wal_bytes", "generations",
        ]
        let rows = shards.map { shard in
            [
                "\(shard.shard)", "\(shard.summary.rows.data)",
                "\(shard.summary.rows.indexRows)", "\(shard.summary.rows.streams)",
                "\(shard.summary.files.sst.bytes)", "\(shard.summary.files.wal.bytes)",
                shard.generations.map { "\($0.generation)" }.joined(separator: ", "),
            ]
        }
        return ([head] + rows).map { cells in
            cells.map { Self.padded($0, 12) }.joined(separator: " ").trimmingTrailingSpaces()
        }
    }

    private func logLines() -> [String] {
        let logs = total.logs
        guard logs.files > 0, let first = logs.first, let last = logs.last else {
            return ["logs: none, so nothing is known of stalls"]
        }
        var lines = ["logs, \(logs.files) files from \(first) to \(last) (the broker's local time)"]
        lines.append(
            Self.row(
                "flushes",
                "\(logs.flushes.count) of \(Self.size(logs.flushes.bytesIn))\(Self.list(logs.flushes.reasons))"
            ))
        lines.append(
            Self.row(
                "compactions",
                "\(logs.compactions.count), read \(Self.size(logs.compactions.bytesIn)), wrote "
                    + "\(Self.size(logs.compactions.bytesOut))\(Self.list(logs.compactions.reasons))"
            ))
        lines.append(
            Self.row(
                "writes waited",
                String(format: "%.1f s by the ten-minute statistics", logs.stallSeconds)))
        for kind in LogSummary.Stall.allCases {
            let warnings = logs.warnings(kind)
            if warnings.count > 0 {
                lines.append(
                    Self.row(
                        kind.rawValue,
                        "\(warnings.count) warnings, \(warnings.first) to \(warnings.last)"))
            }
        }
        return lines
    }

    private func topicLines() -> [String] {
        guard !topics.isEmpty else { return ["topics: no level varies", ""] }
        var lines = ["topics with varying levels (+)"]
        for topic in topics.prefix(Self.patternsShown) {
            lines.append(
                Self.row(topic.pattern, "\(topic.messages) messages in \(topic.streams) streams"))
        }
        if topics.count > Self.patternsShown {
            lines.append("  and \(topics.count - Self.patternsShown) more")
        }
        return lines + [""]
    }

    private func modelLines() -> [String] {
        var lines: [String] = []
        if let model = total.model {
            lines.append("the same messages, stored again by the model of this layout")
            lines.append(
                Self.row(
                    "values",
                    "\(model.identical) identical, \(model.sameSize) of the same size, \(model.otherSize) others"
                ))
            lines.append(
                "  differs from the model: "
                    + (model.differences.isEmpty ? "no, every count and size is the same" : "yes"))
            for difference in model.differences {
                lines.append(
                    Self.row(
                        difference.what,
                        "\(difference.found) found, \(difference.predicted) predicted"))
            }
        }
        let reasons = shards.flatMap { shard in
            shard.generations.compactMap { generation in
                generation.notCompared.map {
                    "shard \(shard.shard), generation \(generation.generation)" + ": " + $0
                }
            }
        }
        if let first = reasons.first {
            let more = reasons.count > 1 ? " (and \(reasons.count - 1) more)" : ""
            lines.append("not compared with the model: \(first)\(more)")
        }
        return lines.isEmpty ? [] : lines + [""]
    }

    private static func row(_ name: String, _ value: String) -> String {
        "  " + padded(name, 20) + " " + value
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func list(_ reasons: [String: Int]) -> String {
        guard !reasons.isEmpty else { return "" }
        let items = reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return " (" + items.map { "\($0.key) \($0.value)" }.joined(separator: ", ") + ")"
    }

    private static func size(_ count: Int) -> Bytes { Bytes(UInt64(max(0, count))) }

    private static func date(_ microseconds: UInt64) -> String {
        let date = Date(timeIntervalSince1970: Double(microseconds) / 1e6)
        return date.formatted(.iso8601)
    }
}
