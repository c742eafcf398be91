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

    /// How many ages an identifier lives.
    static let ages = 4
    /// With the age in which they came.
    private var awaiting: [PacketID: Int] = [:]
    private var now = 0
    /// Those of them whose PUBREC waits for storage, and the connection that it was last asked on.
    private var held: [PacketID: Int] = [:]
    /// Those of them that storage keeps with their message.
    private var stored: Set<PacketID> = []
    package let limit: Int

    package init(limit: Int) { self.limit = limit }

    package var count: Int { awaiting.count }

    /// - Parameter connection: where an answer that waits is to go now.
    package mutating func published(_ id: PacketID, over connection: Int) -> Arrival {
        if held[id] != nil {
            held[id] = connection
            return .undecided
        }
        if awaiting[id] != nil { return .repeated }
        guard awaiting.count < limit else { return .overLimit }
        awaiting[id] = now
        return .accept
    }

    /// - Returns: whether the identifier was known; the answer is PUBCOMP either way, with reason 0x92 if
    ///   it was not.
    package mutating func released(_ id: PacketID) -> Bool {
        // Who releases before PUBREC releases nothing.
        held[id] == nil && awaiting.removeValue(forKey: id) != nil
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
        awaiting[id] = nil
        stored.remove(id)
        return held.removeValue(forKey: id)
    }

    /// Storage keeps it with its message.
    package mutating func store(_ id: PacketID) { stored.insert(id) }

    package func isStored(_ id: PacketID) -> Bool { stored.contains(id) }

    /// - Returns: whether storage has to be told that it is free.
    package mutating func free(_ id: PacketID) -> Bool { stored.remove(id) != nil }

    /// - Returns: those that storage has to be told of, since the session is no more.
    package mutating func freeAll() -> [PacketID] {
        defer { stored = [] }
        return Array(stored)
    }

    /// It was accepted before a restart.
    package mutating func restore(_ id: PacketID) { awaiting[id] = now }

    /// A quarter of the time that an identifier lives has passed.
    /// - Returns: those that have lived for all of it and are forgotten. Who waits for storage is not.
    package mutating func age() -> [PacketID] {
        guard !awaiting.isEmpty else { return [] }
        now += 1
        let old = awaiting.compactMap { id, age in
            now - age > Self.ages && held[id] == nil ? id : nil
        }
        for id in old { awaiting[id] = nil }
        return old
    }
}
