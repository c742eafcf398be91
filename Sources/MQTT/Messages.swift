/// The answer to CONNECT.
package struct Connack: Equatable, Sendable {
    /// Always false in version 3.1, which had no such flag.
    package var sessionPresent: Bool
    /// A return code (0 to 5) before version 5.
    package var reasonCode: UInt8
    package var properties: [Property]

    package init(sessionPresent: Bool = false, reasonCode: UInt8 = 0, properties: [Property] = []) {
        self.sessionPresent = sessionPresent
        self.reasonCode = reasonCode
        self.properties = properties
    }
}

/// A message on its way. Where copies matter, use `PublishHeader` and `writePublish`.
package struct Publish: Equatable, Sendable {
    package var dup: Bool
    package var qos: QoS
    package var retain: Bool
    /// Empty only in version 5, where a topic alias may stand for it.
    package var topic: String
    /// `nil` exactly at QoS 0.
    package var packetID: PacketID?
    package var properties: [Property]
    package var payload: [UInt8]

    package init(
        dup: Bool = false, qos: QoS = .atMostOnce, retain: Bool = false, topic: String,
        packetID: PacketID? = nil,
        properties: [Property] = [], payload: [UInt8] = []
    ) {
        self.dup = dup
        self.qos = qos
        self.retain = retain
        self.topic = topic
        self.packetID = packetID
        self.properties = properties
        self.payload = payload
    }
}

/// PUBACK, PUBREC, PUBREL or PUBCOMP.
package struct Acknowledgement: Equatable, Sendable {
    package var packetID: PacketID
    /// 0 before version 5, which brought reason codes.
    package var reasonCode: UInt8
    package var properties: [Property]

    package init(packetID: PacketID, reasonCode: UInt8 = 0, properties: [Property] = []) {
        self.packetID = packetID
        self.reasonCode = reasonCode
        self.properties = properties
    }
}

/// The end of a connection.
package struct Disconnect: Equatable, Sendable {
    /// 0 before version 5, which brought reason codes.
    package var reasonCode: UInt8
    package var properties: [Property]

    package init(reasonCode: UInt8 = 0, properties: [Property] = []) {
        self.reasonCode = reasonCode
        self.properties = properties
    }
}

/// A step of extended authentication; version 5 only.
package struct Auth: Equatable, Sendable {
    package var reasonCode: UInt8
    package var properties: [Property]

    package init(reasonCode: UInt8 = 0, properties: [Property] = []) {
        self.reasonCode = reasonCode
        self.properties = properties
    }
}
