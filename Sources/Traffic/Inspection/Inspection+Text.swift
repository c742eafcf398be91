internal import MQTT

extension Inspection {
    /// For people: aligned, plain text, lines of moderate length, without a line break at the end.
    package func text() -> String {
        var lines: [String] = []
        for capture in captures {
            let packed = capture.compression == "none" ? "" : ", \(capture.compression)"
            lines.append("\(capture.path)")
            lines.append(
                "  \(capture.format)\(packed), \(capture.linkType), \(capture.frames) frames, \(capture.bytes) bytes"
            )
        }
        lines += ["", "traffic"]
        lines += table([
            ("span", "\(tenths(spanSeconds)) s"), ("connections", "\(connections)"),
            ("clients", "\(clients)"),
            ("topics", "\(publish.topics)"),
        ])
        lines += ["", "packets"]
        lines += table(
            PacketType.allCases.compactMap { type in
                guard let count = packets[type.name], count > 0 else { return nil }
                return (type.name, "\(count)")
            } + (malformedPackets > 0 ? [("malformed", "\(malformedPackets)")] : []))
        let sent = persisted.matchedPublishes + persisted.unmatchedPublishes
        lines += ["", "publishes"]
        lines += table([
            ("QoS 0", "\(publish.qos0)"), ("QoS 1", "\(publish.qos1)"),
            ("QoS 2", "\(publish.qos2)"),
            ("retained", "\(publish.retain)"), ("duplicates", "\(publish.dup)"),
            ("payload", "\(publish.payloadBytes) bytes"),
            ("to store", "\(persisted.matchedPublishes) of \(sent) from clients"),
        ])
        if let latency = pubackLatency {
            lines += table([
                ("PUBACK p50", "\(tenths(latency.p50)) us"),
                ("PUBACK p99", "\(tenths(latency.p99)) us"),
                ("PUBACK longest", "\(tenths(latency.maximum)) us"),
            ])
        }
        lines += ["", "quality: \(quality.verdict.rawValue)"]
        lines += table([
            ("lost", "\(quality.lostBytes) bytes"),
            ("retransmitted", "\(quality.retransmittedSegments) segments"),
            ("out of order", "\(quality.outOfOrderSegments) segments"),
        ])
        lines += quality.reasons.map { "  - \($0)" }
        guard !findings.isEmpty else { return lines.joined(separator: "\n") }
        lines += ["", "findings"]
        for finding in findings {
            let who = "\(finding.count) clients, \(finding.publishes) publishes"
            lines.append("  \(finding.severity.rawValue): \(finding.rule), \(who)")
            lines.append("    \(finding.advice)")
            lines.append("    e.g. \(finding.examples.joined(separator: ", "))")
        }
        return lines.joined(separator: "\n")
    }

    private func table(_ rows: [(String, String)]) -> [String] {
        rows.map { name, value in
            "  " + name + String(repeating: " ", count: max(1, 16 - name.count)) + value
        }
    }

    private func tenths(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
