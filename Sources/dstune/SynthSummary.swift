internal import Foundation
internal import Traffic

/// What `synth` says when it is done.
struct SynthSummary: Encodable {
    let truth: FleetTruth
    let path: String
    let form: FleetOutput
    let elapsedSeconds: Double

    private enum CodingKeys: String, CodingKey {
        case path = "output", form = "format", elapsedSeconds = "elapsed_s"
    }

    /// The figures, and where the traffic is: lists of clients are for the file with the truth.
    func encode(to encoder: any Encoder) throws {
        try truth.figures.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(path, forKey: .path)
        try container.encode(form.rawValue, forKey: .form)
        try container.encode(elapsedSeconds, forKey: .elapsedSeconds)
    }

    func text() -> String {
        let figures = truth.figures
        let packets = figures.packets.values.reduce(0, +)
        var lines = [
            "\(figures.fleet): \(path == "-" ? "standard output" : path)",
            "  seed \(figures.seed), from \(figures.start), \(number(figures.durationSeconds)) s, made in \(number(elapsedSeconds)) s",
            "  \(figures.clients) clients, \(figures.connections) connections, \(packets) packets, \(figures.mqttBytes) bytes of MQTT",
            "  published \(figures.published.sum): QoS 0 \(figures.published.qos0), QoS 1 \(figures.published.qos1), QoS 2 \(figures.published.qos2); \(figures.duplicatesPublished) sent again",
            "  delivered \(figures.delivered.sum): QoS 0 \(figures.delivered.qos0), QoS 1 \(figures.delivered.qos1), QoS 2 \(figures.delivered.qos2); \(figures.duplicatesDelivered) sent again",
            "  \(figures.wills) wills, \(figures.takeovers) take-overs",
        ]
        for kind in figures.messages {
            var line =
                "  \(kind.group)/\(kind.message) (\(kind.role)): planned \(kind.planned), sent \(kind.sent)"
            for (count, what) in [
                (kind.repeated, "sent again"), (kind.lost, "lost without connection"),
                (kind.dropped, "dropped from a full buffer"), (kind.waiting, "waiting at the end"),
            ] where count > 0 { line += ", \(count) \(what)" }
            lines.append(line)
        }
        let guilty = truth.pitfalls.filter { !$0.value.told.isEmpty }.sorted { $0.key < $1.key }
        for (name, who) in guilty {
            lines.append(
                "  pitfall \(name): \(who.told.count) clients told, \(who.shown.count) show it")
        }
        return lines.joined(separator: "\n")
    }

    private func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}

/// How far the work is, on a terminal, once it takes long.
final class SynthProgress {
    private let name: String
    private let isTerminal = isatty(STDERR_FILENO) != 0
    private let begun = Date()
    private var shown = -1

    /// Seconds in which nobody gets impatient.
    private static let patience = 1.0

    init(_ name: String) { self.name = name }

    func show(_ progress: Fleet.Progress) {
        let percent = Int(progress.share * 100)
        guard isTerminal, percent != shown, -begun.timeIntervalSinceNow > Self.patience else {
            return
        }
        shown = percent
        write(
            "\r\(name): \(percent) %, \(progress.connections) connections, \(progress.bytes >> 20) MiB of MQTT "
        )
    }

    func clear() {
        if shown >= 0 { write("\r\u{1B}[K") }
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
