internal import ArgumentParser
internal import Foundation
internal import Measure
internal import Storage
internal import Trial

struct BenchStorageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storage",
        abstract: "The storage path beside a raw RocksDB loop, case by case.",
        discussion: """
            The path learns topics, serialises, buffers and writes; the raw loop
            writes the same puts, encoded beforehand, in the same batches with the
            same options, and has neither statistics nor listener. The two
            alternate; medians are compared. k is the number of varying topic
            levels: a message has 1 + k puts.

              dstune bench storage
              dstune bench storage --shards 16 --varying 2 --topics 100000
              dstune bench storage --messages 1000000 --format json
            """)

    @Option(help: "Messages of each run.") var messages = 300_000
    @Option(help: "How often both are run.") var pairs = 5
    @Option(help: "Messages in a batch.") var batch = 1_000
    @Option(help: "Shards; may be given several times. Default: 1 and 16.") var shards: [Int] = []
    @Option(help: "Varying topic levels, 0 or 2; may be given several times. Default: both.")
    var varying: [Int] = []
    @Option(help: "Distinct topics; may be given several times. Default: 64 and 100000.")
    var topics: [Int] = []
    @Option(help: "Engine model.") var engine = "emqx-5.8-local"
    @Option(help: "Where to write; a folder below it is made and removed.") var directory = "."
    @Option(help: "text or json.") var format = OutputFormat.text

    func validate() throws {
        guard (1_000...100_000_000).contains(messages), (1...1_000).contains(pairs),
            (2...1_000_000).contains(batch)
        else {
            throw ValidationError("--messages wants 1000 or more, --pairs 1, --batch 2 or more")
        }
        guard shards.allSatisfy((1...1_024).contains), varying.allSatisfy([0, 2].contains),
            topics.allSatisfy((64...10_000_000).contains)
        else {
            throw ValidationError(
                "--shards wants 1 to 1024, --varying 0 or 2, --topics 64 to 10000000")
        }
    }

    func run() throws {
        let model = try findEngine(engine)
        var rows: [StorageBenchmark.Row] = []
        try withBenchmarkScratch(in: directory) { scratch in
            let benchmark = StorageBenchmark(
                messages: messages, pairs: pairs, directory: scratch, engine: model)
            for shape in cases { rows.append(try benchmark.run(shape, progress: progress)) }
        }
        switch format {
        case .json: try print(json: rows)
        case .text: print(table(rows))
        }
        warnOfDebugBuild(isOptimisedBuild)
    }

    private var cases: [StorageCase] {
        (shards.isEmpty ? [1, 16] : shards).flatMap { shards in
            (varying.isEmpty ? [0, 2] : varying).flatMap { varying in
                (topics.isEmpty ? [64, 100_000] : topics).map { topics in
                    StorageCase(batch: batch, varying: varying, shards: shards, topics: topics)
                }
            }
        }
    }

    private func table(_ rows: [StorageBenchmark.Row]) -> String {
        let head = "batch  k  shards  values  topics   storage/s      raw/s  ratio  (pairs)"
        let lines = rows.map { row in
            let ratios = row.ratios.map { String(format: "%.2f", $0) }.joined(separator: " ")
            return String(
                format: "%5d %2d %7d  %@ %9d %11.0f %10.0f  %5.2f  (%@)", row.batch, row.k,
                row.shards, row.serializer.padding(toLength: 6, withPad: " ", startingAt: 0),
                row.topics, row.storage_msgs_per_s, row.raw_msgs_per_s, row.ratio, ratios)
        }
        let allocated = rows.map {
            max($0.submit_allocated_bytes_per_msg, $0.encode_allocated_bytes_per_msg)
        }.max()
        return ([head] + lines).joined(separator: "\n")
            + String(
                format:
                    "\nallocated at most %.2f bytes per message by submitting and encoding; RocksDB %@, "
                    + "\(messages) messages a run, medians", allocated ?? 0, RocksEngine.version)
    }
}

/// - Throws: `.badInput` with the models there are.
func findEngine(_ id: String) throws(Failure) -> EngineModel {
    guard let model = EngineModel.find(id) else {
        let known = EngineModel.catalogue.map(\.id).joined(separator: ", ")
        throw Failure(.badInput, "there is no engine model \(id); there are: \(known)")
    }
    return model
}
