extension Diagnosis {
    /// Without topic levels, client ids and payloads: for a report that leaves the house. Paths stay.
    ///
    /// What RocksDB wrote in words of its own may quote keys, which in EMQX 6 have topic levels in them: of
    /// such lines stays what cannot be one. Findings are made anew from what is left.
    package func redacted() -> Diagnosis {
        var total = total
        total.logs.lastError = total.logs.lastError.map(Self.onlyKnownWords)
        let shards = shards.map { shard in
            var summary = shard.summary
            summary.logs.lastError = summary.logs.lastError.map(Self.onlyKnownWords)
            return ShardDiagnosis(
                shard: shard.shard, path: shard.path, summary: summary,
                columnFamilies: shard.columnFamilies, generations: shard.generations,
                rocksdb: shard.rocksdb, optionDifferences: shard.optionDifferences,
                warnings: shard.warnings.map(Self.onlyKnownWords))
        }
        return Diagnosis(
            directory: directory, scheme: scheme, readBy: readBy, total: total, shards: shards,
            topics: topics.map { topic in
                let levels = topic.pattern.split(
                    separator: "/", omittingEmptySubsequences: false)
                return TopicPattern(
                    pattern: levels.map { $0 == "+" ? "+" : "…" }.joined(separator: "/"),
                    streams: topic.streams, messages: topic.messages)
            }, findings: DiagnoseRule.findings(shards, total))
    }

    /// How RocksDB names what went wrong (util/status.cc, its codes and subcodes, as far as logs have them).
    private static let statuses = [
        "Corruption", "Not implemented", "Invalid argument", "IO error", "Result incomplete",
        "Shutdown in progress", "Operation timed out", "Operation aborted", "Resource busy",
        "Compaction too large", "No space left on device", "Stale file handle",
        "Memory limit reached", "Space limit reached", "No such file or directory",
        "checksum mismatch", "background flush error", "background compaction error",
    ]

    /// - Returns: of a line of a log its stamp, level and place in RocksDB's sources; then which of the
    ///   known phrases it has.
    private static func onlyKnownWords(_ line: String) -> String {
        let head = line.split(separator: " ").prefix(4).prefix { word in
            let isNumber = word.allSatisfy { $0.isHexDigit || "/-:._".contains($0) }
            let isPlace = word.hasPrefix("[") && word.hasSuffix("]") && word.contains(".cc:")
            return isNumber && word.first?.isNumber == true || isPlace
                || ["[ERROR]", "[WARN]", "[FATAL]"].contains(word)
        }
        let known = statuses.filter { line.contains($0) }.joined(separator: ", ")
        return (head.map(String.init) + (known.isEmpty ? [] : [known]) + ["…"])
            .joined(separator: " ")
    }
}
