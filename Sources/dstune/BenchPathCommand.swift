internal import ArgumentParser
internal import Foundation
internal import Trial

struct BenchPathCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "path", abstract: "The in-process path beside a raw RocksDB loop.",
        discussion: """
            Both write the same puts: QoS 1 publishes of 200 bytes to 16 shards
            with EMQX's options, for one durable subscription that matches all and
            whose session is away. They alternate; medians are printed, and their
            ratio.

              dstune bench
              dstune bench --publishes 100000 --pairs 3 --format json
            """)

    @Option(help: "Publishes of each run.") var publishes = 500_000
    @Option(help: "How often both are run.") var pairs = 5
    @Option(help: "Where to write; a folder below it is made and removed.") var directory = "."
    @Option(help: "text or json.") var format = OutputFormat.text

    func validate() throws {
        guard publishes >= 1_000, pairs >= 1 else {
            throw ValidationError("--publishes wants 1000 or more, --pairs 1 or more")
        }
    }

    func run() throws {
        try withBenchmarkScratch(in: directory) { scratch in
            let benchmark = PathBenchmark(publishes: publishes, pairs: pairs, directory: scratch)
            let row = try benchmark.run(progress: progress)
            switch format {
            case .json: try print(json: row)
            case .text: print(text(row))
            }
            warnOfDebugBuild(row.optimised_build)
        }
    }

    private func text(_ row: PathBenchmark.Row) -> String {
        """
        in-process path  \(Int(row.inprocess_publishes_per_s)) publishes/s
        raw RocksDB loop \(Int(row.raw_publishes_per_s)) publishes/s
        ratio            \(rounded(row.ratio)) (pairs: \(row.ratios.map(rounded).joined(separator: ", ")))
        allocated        \(rounded(row.allocated_bytes_per_publish)) bytes per publish on the session's thread
        QoS 1, \(row.payload_bytes)-byte payloads, 16 shards, RocksDB \(row.rocksdb), \
        \(row.publishes) publishes a run, medians
        """
    }

    private func rounded(_ value: Double) -> String { String(format: "%.2f", value) }
}
