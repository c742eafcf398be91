/// Mistakes that clients are told to make; named as the lint rule that finds them.
struct Pitfalls: OptionSet, Hashable, Sendable {
    let rawValue: UInt16

    static let qos2Everywhere = Pitfalls(rawValue: 1 << 0)
    static let retainedAlert = Pitfalls(rawValue: 1 << 1)
    static let noExpiry = Pitfalls(rawValue: 1 << 2)
    static let contradictoryClean = Pitfalls(rawValue: 1 << 3)
    static let noWill = Pitfalls(rawValue: 1 << 4)
    static let willNotRetained = Pitfalls(rawValue: 1 << 5)
    static let qosWithoutSession = Pitfalls(rawValue: 1 << 6)
    static let unboundedExpiry = Pitfalls(rawValue: 1 << 7)
    static let noEventID = Pitfalls(rawValue: 1 << 8)

    struct Entry: Sendable {
        let pitfall: Pitfalls
        let name: String
        /// Only clients of version 5 can make it.
        let needsVersion5: Bool
        /// What a client does that makes it.
        let behaviour: String
    }

    static let catalogue = [
        Entry(
            pitfall: .qos2Everywhere, name: "qos2_everywhere", needsVersion5: false,
            behaviour: "sends everything at QoS 2"),
        Entry(
            pitfall: .retainedAlert, name: "retained_alert", needsVersion5: false,
            behaviour: "has its alerts retained"),
        Entry(
            pitfall: .noExpiry, name: "no_expiry", needsVersion5: true,
            behaviour: "gives its messages no expiry"),
        Entry(
            pitfall: .contradictoryClean, name: "contradictory_clean", needsVersion5: true,
            behaviour: "asks for a clean start and a session that lasts"),
        Entry(
            pitfall: .noWill, name: "no_will", needsVersion5: false, behaviour: "has no will"),
        Entry(
            pitfall: .willNotRetained, name: "will_not_retained", needsVersion5: false,
            behaviour: "has a will that is not retained"),
        Entry(
            pitfall: .qosWithoutSession, name: "qos_without_session", needsVersion5: false,
            behaviour: "has a session that ends with the connection"),
        Entry(
            pitfall: .unboundedExpiry, name: "unbounded_session_expiry", needsVersion5: true,
            behaviour: "asks for a session that never ends"),
        Entry(
            pitfall: .noEventID, name: "no_event_id", needsVersion5: true,
            behaviour: "leaves out the event-id property"),
    ]
}
