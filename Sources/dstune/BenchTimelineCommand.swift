internal import ArgumentParser
internal import Foundation
internal import Traffic
internal import Trial

struct BenchTimelineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "timeline",
        abstract: "How fast a recording is read for a replay, and in how much memory.",
        discussion: """
            Reads it as a replay reads it, with nobody to send to: once for what only
            its end tells, and once step by step.

              dstune synth Profiles/fleets/air-quality.conf --output long.dstrace
              dstune bench timeline long.dstrace
            """)

    @Argument(help: "Captures or traces that belong together.") var captures: [String]
    @Option(help: "text or json.") var format = OutputFormat.text

    func run() throws {
        let row: TimelineBenchmark.Row
        do throws(CaptureError) {
            row = try TimelineBenchmark(captures: captures).run(progress: progress)
        } catch { throw Failure(.badInput, error.description) }
        switch format {
        case .json: try print(json: row)
        case .text: print(text(row))
        }
        warnOfDebugBuild(row.optimised_build)
    }

    private func text(_ row: TimelineBenchmark.Row) -> String {
        func megabytes(_ bytes: Int) -> String { String(format: "%.1f MB", Double(bytes) * 1e-6) }
        return """
            clients        \(row.clients)
            steps          \(row.steps), \(megabytes(row.packet_bytes)) of packets
            first reading  \(String(format: "%.1f", row.first_reading_s)) s
            one pass       \(String(format: "%.1f", row.pass_s)) s, \
            \(String(format: "%.0f", row.steps_per_s)) steps a second
            resident       \(megabytes(row.peak_resident_bytes)) at the most
            """
    }
}
