package import Layout

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
        package let format: FormatFound
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
            case generation, format, rows, levels, oldest = "oldest_us", newest = "newest_us",
                topics, sampled, estimatedRows = "estimated_rows", model, notCompared =
                "not_compared"
        }
    }
}

/// How the rows of a generation are made, as far as they tell.
package struct FormatFound: Encodable, Hashable, Sendable {
    /// From the names of the column families: `skipstream_lts` or `skipstream_lts_v2`; others are not known.
    package let layout: String
    /// Nil if the layout is not known.
    package let keys: KeyScheme?
    /// Of the first value; nil without messages.
    package let values: ValueFormat?
    /// From the trie, each once: two when the broker got another Erlang in between.
    package let atoms: [AtomEncoding]

    enum CodingKeys: String, CodingKey {
        case layout, keys = "key_scheme", values = "value_format", atoms = "atom_encodings"
    }

    /// For people: "skipstream_lts, v1 values, OTP 26 atoms".
    package var text: String {
        guard keys != nil else { return "\(layout), which is not known" }
        return
            ([layout] + (values.map { ["\($0.rawValue) values"] } ?? [])
            + atoms.map { "OTP \($0 == .otp25 ? "25 (or before)" : "26 (or later)") atoms" })
            .joined(separator: ", ")
    }
}
