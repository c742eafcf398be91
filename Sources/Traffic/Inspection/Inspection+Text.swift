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
        lines += publishLines
        lines += profile.lines
        lines += topicClasses.isEmpty ? [] : classLines
        lines += ["", "quality: \(quality.verdict.rawValue)"]
        lines += table([
            ("lost", "\(quality.lostBytes) bytes"),
            ("retransmitted", "\(quality.retransmittedSegments) segments"),
            ("out of order", "\(quality.outOfOrderSegments) segments"),
        ])
        lines += quality.reasons.flatMap { wrapped($0, first: "  - ") }
        lines += quality.speaksFor.limits.flatMap { wrapped($0, first: "  - ") }
        lines += findingLines
        lines += forecast.lines
        return lines.joined(separator: "\n")
    }

    private var publishLines: [String] {
        let sent = persisted.matchedPublishes + persisted.unmatchedPublishes
        let source: String
        switch persisted.source {
        case .capture: source = "subscriptions as the capture shows them"
        case .inferred: source = "older subscriptions inferred from deliveries"
        case .given: source = "older subscriptions as given"
        }
        var rows = [
            ("QoS 0", "\(publish.qos0)"), ("QoS 1", "\(publish.qos1)"),
            ("QoS 2", "\(publish.qos2)"),
            ("retained", "\(publish.retain)"), ("duplicates", "\(publish.dup)"),
            ("payload", "\(publish.payloadBytes) bytes"),
            (
                "to store",
                "\(persisted.matchedPublishes) of \(sent) from clients, \(percent(persisted.matchedShare))"
            ), ("", source),
        ]
        rows += persisted.filters.prefix(5).map {
            ("", "\($0.filter)  (\($0.sessions) durable sessions)")
        }
        if let latency = pubackLatency {
            rows += [
                ("PUBACK p50", "\(tenths(latency.p50)) us"),
                ("PUBACK p99", "\(tenths(latency.p99)) us"),
                ("PUBACK longest", "\(tenths(latency.maximum)) us"),
            ]
        }
        return ["", "publishes"] + table(rows)
    }

    private var classLines: [String] {
        ["", "what topics are for"]
            + topicClasses.flatMap { report -> [String] in
                let counts = [
                    report.publishesAtQoS0, report.publishesAtQoS1, report.publishesAtQoS2,
                ]
                .map { "\($0)" }.joined(separator: "/")
                var lines = [
                    "  \(report.topicClass.rawValue): \(report.topics) topics, \(counts) publishes at QoS 0/1/2, "
                        + "\(tenths(report.meanPayloadBytes)) bytes, confidence \(percent(report.confidence))"
                ]
                if let qos = report.qos, let reasoning = report.reasoning {
                    lines.append("    should have QoS \(qos): \(reasoning)")
                    let saved = report.saves.map { "; what has more costs \($0.words)" }
                    lines.append("    \(report.verdict.words)\(saved ?? "")")
                }
                if let snappy = report.snappyRatio, let zstd = report.zstdRatio {
                    lines.append(
                        "    compresses to \(percent(snappy)) (Snappy), \(percent(zstd)) (zstd)")
                }
                return lines + report.patterns.prefix(2).map { "    e.g. \($0)" }
            }
    }

    private var findingLines: [String] {
        guard !findings.isEmpty else { return [] }
        var lines = ["", "findings"]
        for finding in findings {
            let who = "\(finding.count) clients, \(finding.publishes) publishes"
            lines.append("  \(finding.severity.rawValue): \(finding.rule), \(who)")
            lines += wrapped(finding.advice, first: "    ")
            if let saves = finding.saves { lines.append("    saves \(saves.words)") }
            if !finding.examples.isEmpty {
                lines.append("    e.g. \(finding.examples.joined(separator: ", "))")
            }
        }
        return lines
    }
}

extension TopicClassReport.Verdict {
    var words: String {
        switch self {
        case .right: "it is as it should be"
        case .tooHigh: "too many have more"
        case .tooLow: "too many have less"
        case .mixed: "too many have more, and too many less"
        case .unknown: "what it should have cannot be said"
        }
    }
}

extension Savings {
    /// In words, without a full stop.
    var words: String {
        let parts: [(Double?, String)] = [
            (packetsPerSecond, "packets"), (putsPerSecond, "puts"), (bytesPerSecond, "bytes"),
            (messagesPerSecond, "stale or repeated messages"),
        ]
        return parts.compactMap { value, what in value.map { "\(figure($0)) \(what)" } }
            .joined(separator: " and ") + " a second"
    }
}
