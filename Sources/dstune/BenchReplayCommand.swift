internal import ArgumentParser
internal import Foundation
internal import Trial

struct BenchReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "What replaying costs in process, beside a raw RocksDB loop.",
        discussion: """
            QoS 1 publishes of 200 bytes to 16 shards with EMQX's options, for one
            durable subscription that matches all and whose session is away. First
            at full speed, in turn with raw puts of the same rows; then on a
            schedule, which shows how late the generator sends; then with many
            clients that are connected at once.

              dstune bench replay
              dstune bench replay --rate 20000 --seconds 10 --format json
            """)

    @Option(help: "Publishes of each run at full speed.") var publishes = 500_000
    @Option(help: "How often these are run.") var pairs = 3
    @Option(help: "Messages per second on the schedule.") var rate = 20_000
    @Option(help: "Seconds on the schedule.") var seconds = 10
    @Option(help: "Clients that are connected at once.") var clients = 50_000
    @Option(help: "Where to write; a folder below it is made and removed.") var directory = "."
    @Option(help: "text or json.") var format = OutputFormat.text

    func validate() throws {
        guard publishes >= 1_000, pairs >= 1, (1...1_000_000).contains(rate),
            (1...3_600).contains(seconds), (1...1_000_000).contains(clients)
        else {
            throw ValidationError(
                "--publishes wants 1000 or more, --pairs and --clients 1 or more, --rate up to 1000000, "
                    + "--seconds up to 3600")
        }
    }

    func run() throws {
        var plan = ReplayBenchmark.Plan()
        (plan.publishes, plan.pairs, plan.rate) = (publishes, pairs, rate)
        (plan.seconds, plan.clients) = (seconds, clients)
        try withBenchmarkScratch(in: directory) { scratch in
            let row = try ReplayBenchmark(plan, directory: scratch).run(progress: progress)
            switch format {
            case .json: try print(json: row)
            case .text: print(text(row))
            }
            warnOfDebugBuild(row.optimised_build)
        }
    }

    private func text(_ row: ReplayBenchmark.Row) -> String {
        """
        replay           \(Int(row.replay_publishes_per_s)) publishes/s at full speed
        raw RocksDB loop \(Int(row.raw_publishes_per_s)) publishes/s
        ratio            \(rounded(row.ratio)) (pairs: \(row.ratios.map(rounded).joined(separator: ", ")))
        CPU              \(text(row.cpu))
        schedule         \(row.scheduled_per_s) publishes/s, late by p50 \(rounded(row.schedule_error_p50_us)) µs, \
        p99 \(rounded(row.schedule_error_p99_us)) µs, p99.9 \(rounded(row.schedule_error_p999_us)) µs, \
        at most \(rounded(row.schedule_error_max_us)) µs\(row.real_time ? ", in real time" : "")
        CPU              \(text(row.scheduled_cpu))
        allocated        \(rounded(row.allocated_bytes_per_publish)) bytes per publish on the replay's thread, in the second half
        clients          \(row.clients) at once, \(Int(row.connects_per_s)) connects/s, \
        \(row.bytes_per_client) bytes each with the broker's session
        QoS 1, 200-byte payloads, 16 shards, RocksDB \(row.rocksdb), \(row.publishes) publishes a run, medians
        """
    }

    private func text(_ cpu: ReplayBenchmark.CPU) -> String {
        "µs per publish: generator \(rounded(cpu.generator_us)), broker \(rounded(cpu.broker_us)), "
            + "storage \(rounded(cpu.storage_us)), RocksDB's threads \(rounded(cpu.rocksdb_us)), "
            + "staying awake \(rounded(cpu.spun_us)), sleeping and waking up \(rounded(cpu.waking_us)); "
            + "the generator has \(rounded(cpu.generator_share * 100)) % without waiting"
    }

    private func rounded(_ value: Double) -> String { String(format: "%.2f", value) }
}
