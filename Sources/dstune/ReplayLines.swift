internal import Foundation
internal import Synchronization
internal import Trial

/// What a running replay says of itself once a second: on a terminal one line that is written over, else a line
/// each; as JSON an object each, on standard output.
final class ReplayLines: Sendable {
    private let format: OutputFormat
    private let isTerminal = isatty(STDERR_FILENO) != 0
    private let isColoured: Bool
    private let hasLine = Atomic(false)

    init(_ format: OutputFormat) {
        self.format = format
        let noColour = ProcessInfo.processInfo.environment["NO_COLOR"] ?? ""
        isColoured = noColour.isEmpty && isTerminal
    }

    func tell(_ progress: ReplayProgress) {
        switch format {
        case .json:
            if let line = try? jsonLine(progress) { Self.write(line, to: .standardOutput) }
        case .text where isTerminal:
            hasLine.store(true, ordering: .relaxed)
            Self.write("\r\u{1B}[K" + fitted(text(progress)), to: .standardError)
        case .text: Self.write(text(progress) + "\n", to: .standardError)
        }
    }

    /// What is written next begins a line of its own.
    func end() {
        guard hasLine.exchange(false, ordering: .relaxed) else { return }
        Self.write("\n", to: .standardError)
    }

    /// A try of a search is over.
    func tried(_ run: Capacity.Run) {
        end()
        let speed = String(format: "%.3g", run.speed)
        let why = run.breaches.first.map {
            "broke after \(Int($0.after_seconds)) s: \($0.sentence)"
        }
        Self.write(
            "speed \(speed) (\(Int(run.sent_per_s))/s): \(why ?? "held")\n", to: .standardError)
    }

    /// The summary, on standard output.
    func finish(_ summary: ReplaySummary) throws {
        switch format {
        case .json: print(try jsonLine(ReplaySummary.Object(summary)), terminator: "")
        case .text: print(summary.text)
        }
    }

    /// What was sent, p99 of the second, lag, backlog, L0 files and stall.
    private func text(_ progress: ReplayProgress) -> String {
        var parts = [
            "\(Int(progress.seconds)) s", "sent \(Int(progress.sent_per_s))/s",
            "puback p99 \(latency(progress.puback_p99_us))",
        ]
        if progress.l0_files != nil {
            parts.append("durable p99 \(latency(progress.durable_p99_us))")
        }
        parts.append("lag p99 \(latency(progress.lag_p99_us))")
        parts.append("backlog \(progress.backlog)")
        if let files = progress.l0_files { parts.append("L0 \(files)") }
        if let stall = progress.stall_ms { parts.append(stallText(stall, progress)) }
        return parts.joined(separator: " · ")
    }

    private func stallText(_ stall: Double, _ progress: ReplayProgress) -> String {
        guard stall > 0 || progress.stalled_shards ?? 0 > 0 else { return "no stall" }
        let text = "STALL \(Int(stall.rounded(.up))) ms"
        return isColoured ? "\u{1B}[31m\(text)\u{1B}[0m" : text
    }

    private func latency(_ microseconds: Double?) -> String {
        microseconds.map(LatencyText.text) ?? "–"
    }

    /// As much as the terminal shows in one line: a longer one could not be written over.
    private func fitted(_ line: String) -> String {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 10 else {
            return line
        }
        let plain = line.count - (isColoured && line.contains("\u{1B}") ? 9 : 0)
        return plain < Int(size.ws_col) ? line : String(line.prefix(Int(size.ws_col) - 1))
    }

    private static func write(_ text: String, to file: FileHandle) {
        // Who does not listen any more, as after `| head`, is told nothing.
        try? file.write(contentsOf: Data(text.utf8))
    }
}

/// Latencies for people.
enum LatencyText {
    static func text(_ microseconds: Double) -> String {
        switch microseconds {
        case ..<1_000: "\(Int(microseconds.rounded())) µs"
        case ..<100_000: String(format: "%.1f ms", microseconds / 1_000)
        case ..<1_000_000: String(format: "%.0f ms", microseconds / 1_000)
        default: String(format: "%.1f s", microseconds / 1_000_000)
        }
    }
}

/// One object on one line.
func jsonLine(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
}
