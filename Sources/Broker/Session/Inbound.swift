package import MQTT

/// The receiver's half of QoS 2 (MQTT 4.3.3): packet identifiers whose message was accepted and whose
/// PUBREL is still to come. Survives the connection, so that a repeated PUBLISH is not accepted twice.
package struct Inbound: Equatable, Sendable {
    package enum Arrival: Equatable, Sendable {
        /// First time: route it, then PUBREC.
        case accept
        /// Routed before: only PUBREC again [MQTT-4.3.3-10].
        case repeated
        /// Too many unreleased messages (reason 0x93, Receive Maximum exceeded).
        case overLimit
    }

    private var awaiting: Set<PacketID> = []
    package let limit: Int

    package init(limit: Int) { self.limit = limit }

    package var count: Int { awaiting.count }

    package mutating func published(_ id: PacketID) -> Arrival {
        if awaiting.contains(id) { return .repeated }
        guard awaiting.count < limit else { return .overLimit }
        awaiting.insert(id)
        return .accept
    }

    /// - Returns: whether the identifier was known; the answer is PUBCOMP either way, with reason 0x92 if
    ///   it was not.
    package mutating func released(_ id: PacketID) -> Bool { awaiting.remove(id) != nil }
}
