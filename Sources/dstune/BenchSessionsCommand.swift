internal import ArgumentParser
internal import Foundation
internal import Trial

struct BenchSessionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions",
        abstract: "What durable sessions cost while their clients are away.",
        discussion: """
            Clients connect to a broker in this process, subscribe to a topic each
            and go. Printed are the connections per second, the bytes that jemalloc
            has handed out for them, how long a start takes that finds them in
            their tables, and how long the first message takes that a session with
            a backlog is sent when its client comes back.

              dstune bench sessions
              dstune bench sessions --sessions 10000 --backlog 10000 --format json
            """)

    @Option(help: "Sessions.") var sessions = 100_000
    @Option(help: "Messages that wait for one of them.") var backlog = 100_000
    @Option(help: "Where to write; a folder below it is made and removed.") var directory = "."
    @Option(help: "text or json.") var format = OutputFormat.text

    func validate() throws {
        guard sessions >= 1, backlog >= 1 else {
            throw ValidationError("--sessions and --backlog want 1 or more")
        }
    }

    func run() throws {
        try withBenchmarkScratch(in: directory) { scratch in
            let row = try SessionBenchmark(
                sessions: sessions, backlog: backlog, directory: scratch
            ).run(progress: progress)
            switch format {
            case .json: try print(json: row)
            case .text: print(text(row))
            }
            warnOfDebugBuild(row.optimised_build)
        }
    }

    private func text(_ row: SessionBenchmark.Row) -> String {
        """
        sessions        \(row.sessions), each with one subscription, 16 shards
        connects        \(Int(row.connects_per_s)) per second with subscribing and leaving
        memory          \(row.allocated_bytes / 1_000_000) MB allocated, \
        \(row.allocated_bytes / row.sessions) bytes each
        after a restart \(row.restored_bytes / 1_000_000) MB, taken up in \
        \(String(format: "%.2f", row.restore_s)) s
        first message   \(String(format: "%.1f", row.first_message_ms)) ms, of \(row.backlog) that wait
        """
    }
}
