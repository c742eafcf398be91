/// One line of a SUBSCRIBE. Before version 5 there is only the QoS.
package struct Subscription: Equatable, Sendable {
    package var filter: String
    /// The highest QoS at which the subscriber wants messages.
    package var qos: QoS
    package var noLocal: Bool
    package var retainAsPublished: Bool
    /// 0 sends retained messages, 1 only to a new subscription, 2 never.
    package var retainHandling: UInt8

    package init(
        filter: String, qos: QoS, noLocal: Bool = false, retainAsPublished: Bool = false,
        retainHandling: UInt8 = 0
    ) {
        self.filter = filter
        self.qos = qos
        self.noLocal = noLocal
        self.retainAsPublished = retainAsPublished
        self.retainHandling = retainHandling
    }
}

package struct Subscribe: Equatable, Sendable {
    package var packetID: PacketID
    package var properties: [Property]
    package var subscriptions: [Subscription]

    package init(packetID: PacketID, properties: [Property] = [], subscriptions: [Subscription]) {
        self.packetID = packetID
        self.properties = properties
        self.subscriptions = subscriptions
    }
}

package struct Suback: Equatable, Sendable {
    package var packetID: PacketID
    package var properties: [Property]
    /// One for every subscription, in its order: the QoS granted, or 0x80 and above.
    package var reasonCodes: [UInt8]

    package init(packetID: PacketID, properties: [Property] = [], reasonCodes: [UInt8]) {
        self.packetID = packetID
        self.properties = properties
        self.reasonCodes = reasonCodes
    }
}

package struct Unsubscribe: Equatable, Sendable {
    package var packetID: PacketID
    package var properties: [Property]
    package var filters: [String]

    package init(packetID: PacketID, properties: [Property] = [], filters: [String]) {
        self.packetID = packetID
        self.properties = properties
        self.filters = filters
    }
}

package struct Unsuback: Equatable, Sendable {
    package var packetID: PacketID
    package var properties: [Property]
    /// One for every filter in version 5; empty before, where UNSUBACK has no payload.
    package var reasonCodes: [UInt8]

    package init(packetID: PacketID, properties: [Property] = [], reasonCodes: [UInt8] = []) {
        self.packetID = packetID
        self.properties = properties
        self.reasonCodes = reasonCodes
    }
}
