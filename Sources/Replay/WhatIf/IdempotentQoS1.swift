internal import Measure
internal import MQTT

/// QoS 1 with an event id in place of QoS 2: who gets a message twice can tell by the user property `event-id`,
/// as the article has it. Before version 5 there are no properties, and only the QoS changes.
struct IdempotentQoS1: PacketRule {
    private var chance: Seed
    /// Of each client the messages that it may send again, the oldest first.
    private var recent: [Int: [(packetID: UInt16, eventID: String)]] = [:]
    private(set) var identified = 0
    private(set) var withoutID = 0

    /// A client that resends has no more than this in flight: EMQX takes 32 by default (`mqtt.max_inflight`).
    private static let inFlight = 32

    init(_ seed: Seed) { chance = seed.branch("event-id") }

    mutating func publish(
        _ header: PublishHeader, _ packet: RawSpan, topic: RawSpan, of client: RuleSubject
    ) -> PublishEdit? {
        guard header.qos == .exactlyOnce else { return PublishEdit() }
        guard client.version == .v5 else {
            withoutID += 1
            return PublishEdit(qos: .atLeastOnce)
        }
        identified += 1
        var property: [UInt8] = []
        writeUserProperty("event-id", eventID(header, client.number), to: &property)
        return PublishEdit(qos: .atLeastOnce, added: property)
    }

    /// A message that is sent again keeps its id.
    private mutating func eventID(_ header: PublishHeader, _ client: Int) -> String {
        var known = recent[client] ?? []
        if header.dup, let same = known.last(where: { $0.packetID == header.packetID }) {
            return same.eventID
        }
        let id = String(hexadecimal: chance.next()) + String(hexadecimal: chance.next())
        if known.count == Self.inFlight { known.removeFirst() }
        known.append((header.packetID, id))
        recent[client] = known
        return id
    }
}

extension String {
    /// Sixteen digits.
    fileprivate init(hexadecimal number: UInt64) {
        let digits = String(number, radix: 16)
        self = String(repeating: "0", count: 16 - digits.count) + digits
    }
}
