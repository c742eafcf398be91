/// What a capture can speak for: all rates and forecasts assume that the rest of the time, and the rest of the
/// cluster, is like it.
package struct SpeaksFor: Codable, Equatable, Sendable {
    package let spanSeconds: Double
    /// The longest period, seconds, of which the capture holds two.
    package let longestPeriodSeconds: Double
    package let coversDay: Bool
    package let coversWeek: Bool
    /// Nodes of the cluster that the given subscriptions name; nil if none were given or they name none.
    package let nodes: Int?
    /// What it cannot speak for, a sentence each.
    package let limits: [String]

    enum CodingKeys: String, CodingKey {
        case spanSeconds = "span_s", longestPeriodSeconds = "longest_period_s"
        case coversDay = "covers_day", coversWeek = "covers_week", nodes, limits
    }

    private static let day = 86_400.0

    init(_ tally: FrameTally, _ inspector: Inspector, _ given: GivenSubscriptions?) {
        let span = Double(max(0, tally.lastTime &- tally.firstTime)) * 1e-9
        spanSeconds = span
        longestPeriodSeconds = span / 2
        coversDay = span >= Self.day
        coversWeek = span >= 7 * Self.day
        nodes = given.flatMap { $0.nodes.isEmpty ? nil : $0.nodes.count }
        var limits: [String] = []
        if !coversDay {
            limits.append(
                "\(duration(span)) cannot speak for a day: what comes less often than every "
                    + "\(duration(span / 2)), such as hourly bursts and the rhythm of day and night, is not in it"
            )
        } else if !coversWeek {
            limits.append("\(duration(span)) cannot speak for a week: weekends may be otherwise")
        }
        if let nodes, nodes > 1 {
            limits.append(
                "the subscriptions name \(nodes) nodes: a capture at one of them holds the publishes of its own "
                    + "clients only, and the cluster stores all of them")
        } else {
            limits.append(
                "if the broker is a cluster, only what went past the point of capture is in it")
        }
        if inspector.subscriptions.absences.count == 0 {
            limits.append(
                "no durable session came back during it, so what a returning client makes the broker read is "
                    + "not in it")
        }
        if inspector.packets[1] == 0 {
            limits.append(
                "nobody connected during it, so what a storm of reconnects does is not in it")
        }
        if inspector.publish.qos1 + inspector.publish.qos2 == 0 {
            limits.append("nothing was published at QoS 1 or 2, so no latency was measured")
        }
        self.limits = limits
    }
}

extension CaptureQuality {
    /// What every capture lacks that did not begin with the fleet, and is no fault of it.
    static func notes(
        _ tally: FrameTally, _ inspector: Inspector, _ given: GivenSubscriptions?
    ) -> [String] {
        let counted = [
            (inspector.subscriptions.unknownSessions, sessions(inspector)),
            (
                inspector.subscriptions.leftOut,
                "subscriptions are not followed: there are too many, or they have more than "
                    + "\(TopicTable.deepest) levels"
            ),
            (given?.notDurable ?? 0, "given subscriptions are of no durable session and left out"),
            (
                inspector.older.source == .given ? inspector.evidence.unexplained : 0,
                "topics were delivered to older sessions although no given subscription asks for them: the "
                    + "file is not complete"
            ),
        ]
        var notes = counted.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        if given?.isPartial == true {
            notes.append(
                "the given subscriptions are not all: EMQX had more pages (ask with ?limit=10000 and page by page)"
            )
        }
        if tally.withoutConnect > 0, inspector.older.source != .given {
            notes.append(
                "connections that were open before may belong to durable sessions: what these are subscribed to "
                    + "cannot be told from the capture; name a file with --subscriptions")
        }
        if !inspector.clients.isComplete || !inspector.table.count.isExact {
            notes.append(
                "there are so many clients or topics that some were only counted, by estimate")
        }
        return notes
    }

    private static func sessions(_ inspector: Inspector) -> String {
        let sessions = "durable sessions are older than the capture: "
        switch inspector.older.source {
        case .given: return sessions + "their subscriptions were given"
        case .inferred:
            return sessions
                + "their subscriptions were inferred from \(inspector.older.entries.count) "
                + "filters that explain what they were delivered"
        case .capture where inspector.evidence.unexplained > 0:
            return sessions
                + "their subscriptions were inferred as they were delivered; what came before the first "
                + "delivery does not count, because standard input is read once"
        case .capture: return sessions + "subscriptions they made before are not in it"
        }
    }
}
