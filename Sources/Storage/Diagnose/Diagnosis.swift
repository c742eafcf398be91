/// What a node's data directory holds: the value behind `dstune diagnose`.
package struct Diagnosis: Encodable, Sendable {
    package let directory: String
    package let scheme: DataDirectory.Scheme
    /// The RocksDB that read it.
    package let readBy: String
    package let total: Summary
    package let shards: [ShardDiagnosis]
    /// Topics with varying levels, those with most messages first.
    package let topics: [TopicPattern]
    package let findings: [Finding]

    enum CodingKeys: String, CodingKey {
        case directory, scheme, readBy = "read_by_rocksdb", total, shards, topics, findings
    }

    /// All shards together, or all generations of one.
    package struct Summary: Encodable, Sendable {
        package var rows = RowCounts()
        /// Bytes and files by level, over all column families of messages.
        package var levels: [Database.Level] = []
        package var files = FileCensus()
        package var logs = LogSummary()
        /// Microseconds since 1970, of the oldest and the newest message.
        package var oldest: UInt64?
        package var newest: UInt64?
        /// Sum of what is compared; nil if nothing is.
        package var model: ModelComparison?

        enum CodingKeys: String, CodingKey {
            case rows, levels, files, logs, oldest = "oldest_us", newest = "newest_us", model
        }

        static func + (a: Summary, b: Summary) -> Summary {
            var sum = Summary()
            sum.rows = a.rows + b.rows
            sum.levels = merged(a.levels + b.levels)
            sum.files = a.files + b.files
            sum.logs = a.logs + b.logs
            sum.oldest = [a.oldest, b.oldest].compactMap(\.self).min()
            sum.newest = [a.newest, b.newest].compactMap(\.self).max()
            sum.model = a.model.map { one in b.model.map { one + $0 } ?? one } ?? b.model
            return sum
        }

        static func merged(_ levels: [Database.Level]) -> [Database.Level] {
            Dictionary(grouping: levels, by: \.level).map { level, parts in
                Database.Level(
                    level: level, files: parts.reduce(0) { $0 + $1.files },
                    bytes: parts.reduce(0) { $0 + $1.bytes })
            }.sorted { $0.level < $1.level }
        }
    }

    package struct TopicPattern: Encodable, Equatable, Sendable {
        /// Varying levels are "+".
        package let pattern: String
        package let streams: Int
        package let messages: Int
    }

    /// Something that is worth a look, without any capture.
    package struct Finding: Encodable, Equatable, Sendable {
        package enum Severity: String, Encodable, Sendable { case error, warning, info }
        package let rule: String
        package let severity: Severity
        package let count: Int
        package let examples: [String]
        package let advice: String
    }
}

package struct ShardDiagnosis: Encodable, Sendable {
    package let shard: Int
    package let path: String
    package let summary: Diagnosis.Summary
    package let columnFamilies: [String]
    package let generations: [Generation]
    /// Write-ahead logs, and everything else, by kind, are in `summary.files`.
    /// From the OPTIONS file, or without one from the log.
    package let rocksdb: String?
    package let optionDifferences: [OptionDifference]
    /// What RocksDB complained of while reading.
    package let warnings: [String]

    enum CodingKeys: String, CodingKey {
        case shard, path, summary, columnFamilies = "column_families", generations,
            rocksdb = "rocksdb_version", optionDifferences = "option_differences", warnings
    }

    package struct Generation: Encodable, Sendable {
        package let generation: Int
        package let rows: RowCounts
        package let levels: [Database.Level]
        package let oldest: UInt64?
        package let newest: UInt64?
        /// Different topics whose values could be read.
        package let topics: Int
        /// Whether only the first rows were looked at (`--sample`); then this many are estimated in all.
        package let sampled: Bool
        package let estimatedRows: Int
        package let model: ModelComparison?
        /// Why the model was not compared.
        package let notCompared: String?

        enum CodingKeys: String, CodingKey {
            case generation, rows, levels, oldest = "oldest_us", newest = "newest_us", topics,
                sampled, estimatedRows = "estimated_rows", model, notCompared = "not_compared"
        }
    }
}

/// What the model writes for the messages that were found, in their order, beside what was found.
package struct ModelComparison: Encodable, Equatable, Sendable {
    package private(set) var found: RowCounts
    package private(set) var predicted: RowCounts
    /// Values that the model writes byte for byte; as long, in another order of a map's keys; otherwise.
    package private(set) var identical: Int
    package private(set) var sameSize: Int
    package private(set) var otherSize: Int

    package init(
        found: RowCounts, predicted: RowCounts, identical: Int, sameSize: Int, otherSize: Int
    ) {
        self.found = found
        self.predicted = predicted
        self.identical = identical
        self.sameSize = sameSize
        self.otherSize = otherSize
    }

    package struct Difference: Encodable, Equatable, Sendable {
        package let what: String
        package let found: Int
        package let predicted: Int
    }

    package var differences: [Difference] {
        let predicted = Dictionary(uniqueKeysWithValues: predicted.named.map { ($0.name, $0.count) })
        let found = Dictionary(uniqueKeysWithValues: found.named.map { ($0.name, $0.count) })
        return Set(predicted.keys).union(found.keys).sorted().compactMap { name in
            let (here, there) = (found[name] ?? 0, predicted[name] ?? 0)
            return here == there ? nil : Difference(what: name, found: here, predicted: there)
        }
    }

    static func + (a: ModelComparison, b: ModelComparison) -> ModelComparison {
        ModelComparison(
            found: a.found + b.found, predicted: a.predicted + b.predicted,
            identical: a.identical + b.identical, sameSize: a.sameSize + b.sameSize,
            otherSize: a.otherSize + b.otherSize)
    }

    enum CodingKeys: String, CodingKey {
        case predicted, identical = "values_identical", sameSize = "values_same_size",
            otherSize = "values_other_size", differences
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(predicted, forKey: .predicted)
        try container.encode(identical, forKey: .identical)
        try container.encode(sameSize, forKey: .sameSize)
        try container.encode(otherSize, forKey: .otherSize)
        try container.encode(differences, forKey: .differences)
    }
}
