/// What one client did in the capture, for the rules below.
struct ClientProfile {
    let clientID: String
    var publishes = 0
    var publishesAtQoS2 = 0
    var hasWill = false
    /// Version 5: wants a new session and one that lasts.
    var contradictsItself = false
}

/// A habit of clients that costs storage or loses messages.
struct LintRule {
    let id: String
    let severity: Finding.Severity
    let applies: @Sendable (ClientProfile) -> Bool
    let advice: String

    /// Fewer publishes say nothing about a habit.
    private static let habit = 5

    static let catalogue = [
        LintRule(
            id: "qos2_everywhere", severity: .warning,
            applies: { $0.publishes >= habit && $0.publishesAtQoS2 == $0.publishes },
            advice:
                "QoS 2 costs four packets and two session writes for each message; send at QoS 1 with an "
                + "event id in the message and let the receiver drop what it has seen."),
        LintRule(
            id: "contradictory_clean", severity: .warning, applies: \.contradictsItself,
            advice:
                "Clean start throws away the session that the session expiry keeps; leave clean start "
                + "off, or set the expiry to 0."),
        LintRule(
            id: "no_will", severity: .info, applies: { $0.publishes > 0 && !$0.hasWill },
            advice: "Nobody learns when this publisher dies; set a retained will on a status topic."
        ),
    ]

    /// One finding per rule that applies to any client.
    static func findings(_ clients: [ClientProfile]) -> [Finding] {
        catalogue.compactMap { rule in
            let guilty = clients.filter { rule.applies($0) }
            guard !guilty.isEmpty else { return nil }
            return Finding(
                rule: rule.id, severity: rule.severity, count: guilty.count,
                publishes: guilty.reduce(0) { $0 + $1.publishes },
                examples: Array(guilty.map(\.clientID).sorted().prefix(3)), advice: rule.advice)
        }
    }
}

/// A rule, and who breaks it.
package struct Finding: Codable, Equatable, Sendable {
    package enum Severity: String, Codable, Sendable { case error, warning, info }

    package let rule: String
    package let severity: Severity
    /// Clients that break it.
    package let count: Int
    /// What those clients published.
    package let publishes: Int
    /// Client identifiers, at most three.
    package let examples: [String]
    package let advice: String
}
