internal import ArgumentParser
internal import Foundation
internal import Measure
internal import Replay
internal import Trial

struct BenchLedgerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "What it costs to account for every message of a replay.",
        discussion: """
            Messages at QoS 1 with 200 bytes and one subscriber, over a broker that
            does nothing but answer, with the ledger and without; then they are
            verified.

              dstune bench ledger
              dstune bench ledger --messages 100000000 --directory /var/tmp
            """)

    @Option(help: "Messages.") var messages = 5_000_000
    @Option(help: "MiB that the verification may take for messages.") var memory = 512
    @Option(help: "Where to write; a folder below it is made and removed.") var directory = "."
    @Option(help: "text or json.") var format = OutputFormat.text

    func validate() throws {
        guard messages >= 1, memory >= 1 else {
            throw ValidationError("--messages and --memory want 1 or more")
        }
    }

    func run() throws {
        try withBenchmarkScratch(in: directory) { scratch in
            let row: LedgerBenchmark.Row
            do {
                row = try LedgerBenchmark(
                    messages: messages, memory: .mib(UInt64(memory)), directory: scratch
                ).run(progress: progress)
            } catch let error as LedgerError {
                throw Failure(.environment, error.description)
            }
            switch format {
            case .json: try print(json: row)
            case .text: print(text(row))
            }
            warnOfDebugBuild(row.optimised_build)
        }
    }

    private func text(_ row: LedgerBenchmark.Row) -> String {
        func megabytes(_ bytes: Int) -> String { String(format: "%.1f MB", Double(bytes) * 1e-6) }
        return """
            on disk        \(String(format: "%.1f", row.bytes_per_message)) bytes per message, \(megabytes(row.ledger_bytes))
            recording      \(String(format: "%.0f", row.recorded_ns_per_packet)) ns per packet
            verification   \(String(format: "%.1f", row.verification_s)) s, \(String(format: "%.0f", row.verified_messages_per_s)) messages a second
            resident       \(megabytes(row.peak_resident_bytes)) at the most
            """
    }
}
