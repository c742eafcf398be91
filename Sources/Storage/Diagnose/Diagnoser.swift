internal import Foundation
internal import Layout

/// Looks at the shards of a data directory one after the other and writes nothing.
///
/// Memory: of one shard at a time what its broker keeps too (the trie), what its write-ahead logs hold, and at
/// most a million distinct topics.
package struct Diagnoser {
    private let directory: DataDirectory
    private let sample: Int?
    private let progress: (_ shard: Int, _ rows: Int) -> Void

    /// - Parameters:
    ///   - sample: rows of messages to look at in each column family; nil for all.
    ///   - progress: told now and then how far the reading is.
    package init(
        _ directory: DataDirectory, sample: Int? = nil,
        progress: @escaping (_ shard: Int, _ rows: Int) -> Void = { _, _ in }
    ) {
        self.directory = directory
        self.sample = sample
        self.progress = progress
    }

    /// Patterns of topics that are listed.
    private static let patternLimit = 100

    /// - Throws: the first shard or file that cannot be read.
    package func run() throws(DiagnoseError) -> Diagnosis {
        var shards: [ShardDiagnosis] = []
        var patterns: [String: (streams: Int, messages: Int)] = [:]
        for shard in directory.shards { shards.append(try look(at: shard, &patterns)) }
        let total = shards.map(\.summary).reduce(Diagnosis.Summary(), +)
        let topics = patterns.filter { $0.key.split(separator: "/").contains("+") }
            .map {
                Diagnosis.TopicPattern(
                    pattern: $0.key, streams: $0.value.streams, messages: $0.value.messages)
            }
            .sorted { ($1.messages, $0.pattern) < ($0.messages, $1.pattern) }
        return Diagnosis(
            directory: directory.root, scheme: directory.scheme, readBy: RocksEngine.version,
            total: total, shards: shards, topics: Array(topics.prefix(Self.patternLimit)),
            findings: DiagnoseRule.findings(shards, total))
    }

    private func look(
        at shard: DataDirectory.Shard,
        _ patterns: inout [String: (streams: Int, messages: Int)]
    ) throws(DiagnoseError) -> ShardDiagnosis {
        let files = try FileCensus(of: shard.path)
        let logs = try LogSummary(of: shard.path)
        let options = try OptionsFile(newestIn: shard.path)
        var warnings: [String] = []
        let families: [String]
        let generations: [ShardDiagnosis.Generation]
        do throws(RocksError) {
            families = try Database.families(at: shard.path)
            let database = try Database.readOnly(
                shard.path, families: families, warnings: &warnings)
            generations = try look(at: shard, database, families, &patterns)
        } catch {
            throw .shard(number: shard.number, path: shard.path, Self.namingTheFile(error))
        }
        var summary = Diagnosis.Summary(files: files, logs: logs)
        for generation in generations {
            summary =
                summary
                + Diagnosis.Summary(
                    rows: generation.rows, levels: generation.levels, oldest: generation.oldest,
                    newest: generation.newest, model: generation.model)
        }
        let newest = GenerationPlace.all(families).last.map { families[$0.data] } ?? "default"
        return ShardDiagnosis(
            shard: shard.number, path: shard.path, summary: summary, columnFamilies: families,
            generations: generations, rocksdb: options?.version ?? logs.versions.last,
            optionDifferences: options.map { OptionDifference.differences($0, of: newest) }
                ?? OptionDifference.differences(logs, of: newest), warnings: warnings)
    }

    /// Of a table file that is missing RocksDB tells the name that LevelDB would have given it, because it
    /// tries that one last.
    private static func namingTheFile(_ error: RocksError) -> RocksError {
        RocksError(
            code: error.code, subcode: error.subcode,
            description: error.description.replacingOccurrences(of: ".ldb", with: ".sst"))
    }

    private func look(
        at shard: DataDirectory.Shard, _ database: borrowing Database, _ families: [String],
        _ patterns: inout [String: (streams: Int, messages: Int)]
    ) throws(RocksError) -> [ShardDiagnosis.Generation] {
        var generations: [ShardDiagnosis.Generation] = []
        var earlier: (place: GenerationPlace, trie: TrieRows)?
        var rowsBefore = 0
        for place in GenerationPlace.all(families) {
            var scan = GenerationScan(place.keys, limit: sample ?? .max)
            let before = rowsBefore
            try scan.run(database, data: place.data, trie: place.trie) {
                progress(shard.number, before + $0)
            }
            rowsBefore += scan.rows
            for (stream, pattern) in scan.trie.patterns {
                let known = patterns[pattern] ?? (0, 0)
                patterns[pattern] = (
                    known.streams + 1, known.messages + (scan.messages[stream] ?? 0)
                )
            }
            let comparison = ModelComparison.compare(scan, place, after: earlier)
            generations.append(
                ShardDiagnosis.Generation(
                    generation: place.generation,
                    format: FormatFound(
                        layout: place.layout, keys: place.keys, values: scan.format?.values,
                        atoms: scan.trie.atoms), rows: scan.counts,
                    levels: Diagnosis.Summary.merged(
                        database.levels(family: place.data)
                            + (place.trie.map { database.levels(family: $0) } ?? [])),
                    oldest: scan.oldest, newest: scan.newest, topics: scan.ledger.count,
                    sampled: scan.isPartial,
                    // RocksDB's estimate may be of less than was read.
                    estimatedRows: max(
                        scan.counts.data + scan.counts.indexRows,
                        Int(
                            database.property("rocksdb.estimate-num-keys", family: place.data) ?? 0)
                    ),
                    model: comparison.model, notCompared: comparison.reason))
            earlier = (place, scan.trie)
        }
        return generations
    }
}
