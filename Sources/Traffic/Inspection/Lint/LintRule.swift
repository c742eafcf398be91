/// A habit of clients that costs storage or loses messages. The catalogue is in `LintRule+Catalogue.swift`.
package struct LintRule: Sendable {
    let id: String
    let severity: Finding.Severity
    /// Publishes that break the rule: nil if the client does not.
    let broken: @Sendable (ClientHabits) -> Int?
    /// What the guilty clients would save together, in a capture of so many seconds.
    let saves: @Sendable (_ guilty: [ClientHabits], _ seconds: Double) -> Savings?
    let advice: String
    /// What has to be true of the whole capture for the rule to say anything.
    let holds: @Sendable (CaptureSigns) -> Bool

    init(
        _ id: String, _ severity: Finding.Severity,
        broken: @escaping @Sendable (ClientHabits) -> Int?,
        saves: @escaping @Sendable ([ClientHabits], Double) -> Savings? = { _, _ in nil },
        advice: String, holds: @escaping @Sendable (CaptureSigns) -> Bool = { _ in true }
    ) {
        self.id = id
        self.severity = severity
        self.broken = broken
        self.saves = saves
        self.advice = advice
        self.holds = holds
    }

    /// One finding per rule that any client breaks, in the order of the catalogue.
    static func findings(
        _ clients: [ClientHabits], _ signs: CaptureSigns, seconds: Double
    ) -> [Finding] {
        catalogue.filter { $0.holds(signs) }.compactMap { rule in
            var (guilty, publishes): ([ClientHabits], Int) = ([], 0)
            for client in clients {
                guard let count = rule.broken(client) else { continue }
                guilty.append(client)
                publishes += count
            }
            guard !guilty.isEmpty else { return nil }
            return Finding(
                rule: rule.id, severity: rule.severity, count: guilty.count, publishes: publishes,
                examples: Array(guilty.map(\.clientID).sorted().prefix(3)), advice: rule.advice,
                saves: seconds > 0 ? rule.saves(guilty, seconds) : nil)
        }
    }
}

/// What the rules ask of the capture as a whole.
struct CaptureSigns {
    /// The time to PUBACK and the share of repeated publishes rose together.
    let latencyClimbsWithDuplicates: Bool
    /// Nobody receives on a connection whose session may be durable without the capture telling.
    let knowsDurableSessions: Bool
}

extension LintRule {
    /// Of all rules, in the order of the catalogue.
    package static var ids: [String] { catalogue.map(\.id) }
}
