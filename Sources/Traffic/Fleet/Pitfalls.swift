internal import MQTT

/// Mistakes that clients are told to make; named as the lint rule that finds them. What a client does that
/// makes one is in Fleets.md.
struct Pitfalls: OptionSet, Hashable, Sendable {
    let rawValue: UInt16

    static let qos2Everywhere = Pitfalls(rawValue: 1 << 0)
    static let retainedAlert = Pitfalls(rawValue: 1 << 1)
    static let noExpiry = Pitfalls(rawValue: 1 << 2)
    static let contradictoryClean = Pitfalls(rawValue: 1 << 3)
    static let noWill = Pitfalls(rawValue: 1 << 4)
    static let willNotRetained = Pitfalls(rawValue: 1 << 5)
    static let unboundedExpiry = Pitfalls(rawValue: 1 << 6)
    static let noEventID = Pitfalls(rawValue: 1 << 7)

    struct Entry: Sendable {
        let pitfall: Pitfalls
        let name: String
        /// Only clients of version 5 can make it.
        let needsVersion5: Bool
    }

    static let catalogue = [
        Entry(pitfall: .qos2Everywhere, name: "qos2_everywhere", needsVersion5: false),
        Entry(pitfall: .retainedAlert, name: "retained_alert", needsVersion5: false),
        Entry(pitfall: .noExpiry, name: "no_expiry", needsVersion5: true),
        Entry(pitfall: .contradictoryClean, name: "contradictory_clean", needsVersion5: true),
        Entry(pitfall: .noWill, name: "no_will", needsVersion5: false),
        Entry(pitfall: .willNotRetained, name: "will_not_retained", needsVersion5: false),
        Entry(pitfall: .unboundedExpiry, name: "unbounded_session_expiry", needsVersion5: true),
        Entry(pitfall: .noEventID, name: "no_event_id", needsVersion5: true),
    ]
}

extension Pitfalls {
    /// Mistakes that one PUBLISH shows.
    /// - Parameters:
    ///   - hasExpiry: true also before version 5, which has none.
    ///   - isIdentified: a receiver can tell that it has had the message before.
    init(
        shownBy kind: MessageClass, _ qos: QoS, retain: Bool, hasExpiry: Bool, isIdentified: Bool
    ) {
        self = []
        if kind.role == .alert, retain { insert(.retainedAlert) }
        if kind.role != .command, qos > .atMostOnce, !hasExpiry { insert(.noExpiry) }
        let doesHarmTwice = [.alert, .command, .batch].contains(kind.role)
        if qos == .atLeastOnce, doesHarmTwice, !isIdentified { insert(.noEventID) }
    }
}
