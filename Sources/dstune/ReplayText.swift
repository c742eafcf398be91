internal import Foundation
internal import Measure
internal import Replay
internal import Trial

extension ReplaySummary {
    /// For people: what was sent and came back, latencies, what bound the run, and doubts.
    var text: String {
        var lines: [String] = []
        if let capacity { lines += capacity.lines + ["", "the run at that speed:"] }
        if let stopped { lines += ["ended early: \(stopped)", ""] }
        lines.append(
            "replayed in \(number(wall.seconds)) s at \(speedText)")
        if let engine, let acknowledgeMode {
            lines.append("engine \(engine), acknowledged \(acknowledgeMode)")
        }
        if let target { lines.append("to \(target.url)") }
        lines += ["", row("", ["QoS 0", "QoS 1", "QoS 2"])]
        for (name, counts) in [
            ("sent", sent), ("acknowledged", acknowledged), ("delivered", delivered),
        ] { lines.append(row(name, ["\(counts.qos0)", "\(counts.qos1)", "\(counts.qos2)"])) }
        lines += ["", row("", ["count", "p50", "p99", "p99.9", "p99.99", "max"])]
        for (name, histogram) in rows where histogram.count > 0 {
            lines.append(row(name, cells(Percentiles(histogram))))
        }
        if let split, split.count > 0 { lines += ["", splitText(split)] }
        lines.append("")
        if let verification { lines += verification.lines + [""] }
        if let stored, let bufferDepthMax {
            lines.append("stored \(stored), at most \(bufferDepthMax) waited")
        }
        lines.append(
            "CPU \(number(cpu.seconds)) s"
                + (burned > .zero
                    ? ", and \(number(burned.seconds)) s burned for the modelled broker" : ""))
        lines.append(
            finding.isReached
                ? "\(finding.bound.rawValue)-bound"
                : "nothing was at its limit; first would be: \(finding.bound.rawValue)-bound")
        lines += finding.evidence.map { "  " + $0 }
        if let target, !target.faults.isEmpty {
            lines += ["", "faults of the target:"] + target.fault_examples.map { "  " + $0 }
        }
        let doubts = recordingDoubts + self.doubts.map(\.sentence) + troubles.sentences
        if !doubts.isEmpty { lines += ["", "doubts:"] + doubts.map { "  " + $0 } }
        if !changes.isEmpty { lines += ["", "changed:"] + changes.map { "  " + $0 } }
        if !unscaled.isEmpty {
            lines += ["", "not scaled:"] + unscaled.map { "  " + $0 }
        }
        return lines.joined(separator: "\n")
    }

    /// What the figures mean, and they.
    private var rows: [(String, LatencyHistogram)] {
        var rows: [(String, LatencyHistogram)] = []
        for (name, values) in histograms {
            switch name {
            case "generator_lag": rows.append(("generator lag", values))
            case "delivery_after_resume": rows.append(("→ after resume", values))
            default: rows.append(("intended → " + name, values))
            }
        }
        guard let recorded else { return rows }
        return rows + [
            ("recorded: puback", recorded.puback), ("recorded: pubrec", recorded.pubrec),
            ("recorded: pubcomp", recorded.pubcomp),
        ]
    }

    private func cells(_ latencies: Percentiles) -> [String] {
        ["\(latencies.count)"]
            + [latencies.p50, latencies.p99, latencies.p999, latencies.p9999, latencies.max]
            .map { $0.map(LatencyText.text) ?? "–" }
    }

    /// Who was to blame, largest share first.
    private func splitText(_ split: LatencySplit) -> String {
        let slowest = split.slowest(0.01)
        let parts = slowest.shares.filter { $0.culpritOf > 0 || $0.time >= 0.01 }
            .sorted { $0.time > $1.time }
            .map { share in
                let name = share.part.id.replacing("_", with: " ")
                return "\(name) \(number((share.time * 100).rounded())) %"
                    + (share.culpritOf > 0 ? " (culprit of \(share.culpritOf))" : "")
            }
        return
            "the \(slowest.count) slowest to be durable, \(LatencyText.text(slowest.from.microseconds)) "
            + "and more: " + parts.joined(separator: ", ")
    }

    private var speedText: String {
        speed.isFinite ? "\(number(speed)) times the recorded speed" : "full speed"
    }

    private func row(_ name: String, _ cells: [String]) -> String {
        name.padding(toLength: 20, withPad: " ", startingAt: 0)
            + cells.map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }.joined()
    }

    private func number(_ value: Double) -> String {
        value == value.rounded() ? "\(Int(value))" : String(format: "%.1f", value)
    }
}

extension Capacity {
    /// For people: what holds, what does not, and why.
    fileprivate var lines: [String] {
        var lines: [String] = []
        if let speed, let sent_per_s {
            lines.append(
                "holds at \(figures(speed)) times the recorded speed, \(Int(sent_per_s)) messages/s: "
                    + "in \(held[0]) of \(held[1]) runs")
        } else {
            lines.append("no speed that was tried holds")
        }
        if let breaks_at, let broke_first {
            lines.append(
                "breaks at \(figures(breaks_at)) times: in \(broke[0]) of \(broke[1]) runs; first, after "
                    + "\(Int(broke_first.after_seconds)) s: \(broke_first.sentence)")
        } else {
            lines.append("nothing broke up to the highest speed that was tried")
        }
        if broke_first?.kind == .generator {
            lines.append("that is this tool's limit on this machine and not the broker's")
        }
        lines.append("each run began with an empty store")
        return lines
    }

    private func figures(_ speed: Double) -> String { String(format: "%.3g", speed) }
}

extension Verification {
    /// For people: whether the promise was kept, what it was, and what is to be said besides.
    fileprivate var lines: [String] {
        var lines = [
            (holds ? "every message is accounted for" : "THE BROKER BROKE ITS PROMISE")
                + " (\(promise.name)): lost after acknowledgement \(lostAcknowledged), duplicates "
                + "\(duplicates[1]) at QoS 1 and \(duplicates[2]) at QoS 2, out of order \(orderViolations)"
        ]
        lines += violations.map { "  " + $0 }
        lines += remarks.map { "  " + $0 }
        if let crash {
            if let time = crash.untilAccepting {
                lines.append("accepted again after \(LatencyText.text(time.microseconds))")
            }
            if let time = crash.untilFirstQueued {
                lines.append(
                    "delivered the first queued message after \(LatencyText.text(time.microseconds))"
                )
            }
        }
        return lines
    }
}
