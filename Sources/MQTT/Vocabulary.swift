/// The protocol version of a connection; the raw value is the Protocol Level byte of CONNECT.
package enum ProtocolVersion: UInt8, CaseIterable, Comparable, Sendable {
    case v3_1 = 3
    case v3_1_1 = 4
    case v5 = 5

    /// The Protocol Name that CONNECT carries with this level.
    package var protocolName: StaticString { self == .v3_1 ? "MQIsdp" : "MQTT" }

    package static func < (a: ProtocolVersion, b: ProtocolVersion) -> Bool {
        a.rawValue < b.rawValue
    }
}

/// How often a message may and must arrive.
package enum QoS: UInt8, CaseIterable, Comparable, Sendable {
    case atMostOnce = 0
    case atLeastOnce = 1
    case exactlyOnce = 2

    package static func < (a: QoS, b: QoS) -> Bool { a.rawValue < b.rawValue }
}

/// A Packet Identifier: never zero, [MQTT-2.2.1-3].
package struct PacketID: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: UInt16

    /// `nil` for zero, which identifies nothing.
    package init?(_ rawValue: UInt16) {
        guard rawValue != 0 else { return nil }
        self.rawValue = rawValue
    }

    package init?(rawValue: UInt16) { self.init(rawValue) }

    package static func < (a: PacketID, b: PacketID) -> Bool { a.rawValue < b.rawValue }
}
