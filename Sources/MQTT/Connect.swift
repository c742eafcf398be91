/// The first packet of a connection.
package struct Connect: Equatable, Sendable {
    package var version: ProtocolVersion
    package var clientID: String
    /// Clean Session before version 5.
    package var cleanStart: Bool
    /// In seconds; 0 switches it off.
    package var keepAlive: UInt16
    package var username: String?
    /// A password was there. It is stepped over and never kept.
    package var hasPassword: Bool
    package var will: Will?
    package var properties: [Property]
    /// The upper bit of the protocol level, with which brokers tell each other that they are bridges. No
    /// specification has it, but EMQX and mosquitto accept it before version 5.
    package var isBridge: Bool

    package init(
        version: ProtocolVersion, clientID: String, cleanStart: Bool = true, keepAlive: UInt16 = 0,
        username: String? = nil, hasPassword: Bool = false, will: Will? = nil,
        properties: [Property] = [], isBridge: Bool = false
    ) {
        self.version = version
        self.clientID = clientID
        self.cleanStart = cleanStart
        self.keepAlive = keepAlive
        self.username = username
        self.hasPassword = hasPassword
        self.will = will
        self.properties = properties
        self.isBridge = isBridge
    }
}

/// The message that the server publishes when the connection breaks.
package struct Will: Equatable, Sendable {
    package var topic: String
    package var payload: [UInt8]
    package var qos: QoS
    package var retain: Bool
    package var properties: [Property]

    package init(
        topic: String, payload: [UInt8], qos: QoS = .atMostOnce, retain: Bool = false,
        properties: [Property] = []
    ) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.properties = properties
    }
}

/// The Connect Flags byte.
struct ConnectFlags: OptionSet {
    let rawValue: UInt8

    static let reserved = ConnectFlags(rawValue: 1 << 0)
    static let cleanStart = ConnectFlags(rawValue: 1 << 1)
    static let will = ConnectFlags(rawValue: 1 << 2)
    static let willRetain = ConnectFlags(rawValue: 1 << 5)
    static let password = ConnectFlags(rawValue: 1 << 6)
    static let username = ConnectFlags(rawValue: 1 << 7)

    /// The two bits of the will QoS, 0 to 3.
    var willQoS: UInt8 { rawValue >> 3 & 0b11 }
}
