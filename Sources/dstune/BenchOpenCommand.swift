internal import ArgumentParser
internal import Foundation
internal import Measure
internal import Storage
internal import Trial

struct BenchOpenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open",
        abstract: "How long aged shards take to open after a clean close.",
        discussion: """
            Ages shards until each has learned some 4,000 streams, flushes, closes,
            and opens them again. Then once more with messages that are only in the
            logs, as a broker leaves them that does not flush when it stops. Files
            are in the page cache.

              dstune bench open
              dstune bench open --shards 16 --format json
            """)

    @Option(help: "Shards.") var shards = 16
    @Option(help: "Messages that age them.") var messages = 1_000_000
    @Option(help: "Messages that are left in the logs.") var logged = 320_000
    @Option(help: "How often they are opened.") var times = 5
    @Option(help: "Engine model.") var engine = "emqx-5.8-local"
    @Option(help: "Where to write; a folder below it is made and removed.") var directory = "."
    @Option(help: "text or json.") var format = OutputFormat.text

    func validate() throws {
        guard (1...1_024).contains(shards), (1_000...100_000_000).contains(messages),
            (0...100_000_000).contains(logged), (1...100).contains(times)
        else {
            throw ValidationError(
                "--shards wants 1 to 1024, --messages 1000 or more, --times 1 to 100")
        }
    }

    func run() throws {
        let model = try findEngine(engine)
        var row: OpenBenchmark.Row?
        try withBenchmarkScratch(in: directory) { scratch in
            row = try OpenBenchmark(
                engine: model, shards: shards, messages: messages, logged: logged, times: times,
                directory: scratch
            ).run(progress: progress)
        }
        guard let row else { return }
        switch format {
        case .json: try print(json: row)
        case .text:
            print(
                String(
                    format: "open_s           %.3f (%.3f to %.3f)\nopen_with_log_s  %.3f",
                    row.open_s, row.open_min_s, row.open_max_s, row.open_with_log_s))
            print(
                "\(row.shards) shards, \(row.streams_per_shard) streams each, \(row.messages) messages in "
                    + "\(Bytes(row.table_bytes)) of tables; then \(row.logged_messages) more in the logs; "
                    + "RocksDB \(row.rocksdb)")
        }
        warnOfDebugBuild(row.optimised_build)
    }
}
