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

    private static let data = "emqx_ds_storage_skipstream_lts_data"
    private static let trie = "emqx_ds_storage_skipstream_lts_trie"
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
        } catch { throw .shard(number: shard.number, path: shard.path, error) }
        var summary = Diagnosis.Summary(files: files, logs: logs)
        for generation in generations {
            summary =
                summary
                + Diagnosis.Summary(
                    rows: generation.rows, levels: generation.levels, oldest: generation.oldest,
                    newest: generation.newest, model: generation.model)
        }
        let newest = generations.last.map { Self.data + "\($0.generation)" } ?? "default"
        return ShardDiagnosis(
            shard: shard.number, path: shard.path, summary: summary, columnFamilies: families,
            generations: generations, rocksdb: options?.version ?? logs.versions.last,
            optionDifferences: options.map { OptionDifference.differences($0, of: newest) }
                ?? OptionDifference.differences(logs, of: newest), warnings: warnings)
    }

    private func look(
        at shard: DataDirectory.Shard, _ database: borrowing Database, _ families: [String],
        _ patterns: inout [String: (streams: Int, messages: Int)]
    ) throws(RocksError) -> [ShardDiagnosis.Generation] {
        let numbers = families.compactMap { name in
            name.hasPrefix(Self.data) ? Int(name.dropFirst(Self.data.count)) : nil
        }.sorted()
        var generations: [ShardDiagnosis.Generation] = []
        var earlier: (number: Int, trie: TrieRows)?
        var rowsBefore = 0
        for number in numbers {
            guard let data = families.firstIndex(of: Self.data + "\(number)") else { continue }
            let trie = families.firstIndex(of: Self.trie + "\(number)")
            var scan = GenerationScan(limit: sample ?? .max)
            let before = rowsBefore
            try scan.run(database, data: data, trie: trie) { progress(shard.number, before + $0) }
            rowsBefore += scan.counts.data + scan.counts.indexRows
            for (stream, pattern) in scan.trie.patterns {
                let known = patterns[pattern] ?? (0, 0)
                patterns[pattern] = (known.streams + 1, known.messages + (scan.messages[stream] ?? 0))
            }
            let comparison = compare(scan, number, after: earlier)
            generations.append(
                ShardDiagnosis.Generation(
                    generation: number, rows: scan.counts,
                    levels: Diagnosis.Summary.merged(
                        database.levels(family: data)
                            + (trie.map { database.levels(family: $0) } ?? [])),
                    oldest: scan.oldest, newest: scan.newest, topics: scan.ledger.count,
                    sampled: scan.isPartial,
                    estimatedRows: Int(
                        database.property("rocksdb.estimate-num-keys", family: data) ?? 0),
                    model: comparison.model, notCompared: comparison.reason))
            earlier = (number, scan.trie)
        }
        return generations
    }

    private func compare(
        _ scan: GenerationScan, _ number: Int, after earlier: (number: Int, trie: TrieRows)?
    ) -> (model: ModelComparison?, reason: String?) {
        guard scan.counts.data > 0 else { return (nil, "it holds no messages") }
        guard !scan.isPartial else { return (nil, "only a sample of its rows was read") }
        guard !scan.ledger.overflowed else {
            return (nil, "it has more than \(TopicLedger.limit) topics")
        }
        let tally = scan.values.tally
        if tally.unreadable > 0 {
            let why = scan.values.firstFailure.map { " (\($0))" } ?? ""
            return (nil, "\(tally.unreadable) values are not of serialization schema v1\(why)")
        }
        if let failure = scan.trieFailure { return (nil, "its trie cannot be read: \(failure)") }
        do throws(LayoutError) {
            // The first generation is 1, and begins with nothing.
            var inherited: (trie: TopicTrie, rows: Int, bytes: Int)?
            if number > 1 {
                guard let earlier, earlier.number == number - 1 else {
                    return (nil, "the generation it learned from has been dropped")
                }
                inherited = try earlier.trie.inherited()
            }
            let predicted = try scan.ledger.predict(
                from: try scan.trie.trie(), inheriting: inherited)
            return (
                ModelComparison(
                    found: scan.counts, predicted: predicted, identical: tally.identical,
                    sameSize: tally.sameSize, otherSize: tally.otherSize), nil
            )
        } catch { return (nil, "its topics cannot be told: \(error)") }
    }
}
