package import MQTT

/// The receiver's half of QoS 2 (MQTT 4.3.3): packet identifiers whose message was accepted and whose
/// PUBREL is still to come. Survives the connection, so that a repeated PUBLISH is not accepted twice.
package struct Inbound: Equatable, Sendable {
    package enum Arrival: Equatable, Sendable {
        /// First time: route it, then PUBREC.
        case accept
        /// Routed before: only PUBREC again [MQTT-4.3.3-10].
        case repeated
        /// Routed before and not yet decided: it is answered once, when it is.
        case undecided
        /// Too many unreleased messages (reason 0x93, Receive Maximum exceeded).
        case overLimit
    }

    private var awaiting: Set<PacketID> = []
    /// Those of them whose PUBREC waits for storage, and the connection that it was last asked on.
    private var held: [PacketID: Int] = [:]
    package let limit: Int

    package init(limit: Int) { self.limit = limit }

    package var count: Int { awaiting.count }

    /// - Parameter connection: where an answer that waits is to go now.
    package mutating func published(_ id: PacketID, over connection: Int) -> Arrival {
        if held[id] != nil {
            held[id] = connection
            return .undecided
        }
        if awaiting.contains(id) { return .repeated }
        guard awaiting.count < limit else { return .overLimit }
        awaiting.insert(id)
        return .accept
    }

    /// - Returns: whether the identifier was known; the answer is PUBCOMP either way, with reason 0x92 if
    ///   it was not.
    package mutating func released(_ id: PacketID) -> Bool {
        // Who releases before PUBREC releases nothing.
        held[id] == nil && awaiting.remove(id) != nil
    }

    /// PUBREC has to wait.
    package mutating func hold(_ id: PacketID, for connection: Int) { held[id] = connection }

    /// As `hold`; a connection that asked later stands.
    package mutating func hold(_ id: PacketID, unlessHeldFor connection: Int) {
        if held[id] == nil { held[id] = connection }
    }

    /// - Returns: the connection that PUBREC was last asked on, if it had to wait.
    package mutating func decided(_ id: PacketID) -> Int? { held.removeValue(forKey: id) }

    /// The message is lost: should it come again, it is new.
    /// - Returns: as `decided`.
    package mutating func refused(_ id: PacketID) -> Int? {
        awaiting.remove(id)
        return held.removeValue(forKey: id)
    }
}
