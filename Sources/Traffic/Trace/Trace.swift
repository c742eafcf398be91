package import MQTT
package import Measure

/// What clients sent to a broker, decoded and ready to be sent again: the client side of captures as one
/// timeline.
package struct Trace: Sendable {
    package let connections: [Connection]
    /// In order of time.
    package let events: Events
    /// The bytes of all packets. Passwords and authentication data are not among them.
    package let packets: [UInt8]

    package struct Connection: Hashable, Sendable {
        /// Empty if the broker was to assign one, and if no CONNECT was seen and nothing else told.
        package let clientID: String
        package let version: ProtocolVersion
        /// Address and port of the client as they were on the wire.
        package let peer: Endpoint
        /// If not, the CONNECT in the trace is a declared one: clean start, and the client identifier that
        /// other packets told, if they did.
        package let connectSeen: Bool

        package init(clientID: String, version: ProtocolVersion, peer: Endpoint, connectSeen: Bool)
        {
            self.clientID = clientID
            self.version = version
            self.peer = peer
            self.connectSeen = connectSeen
        }
    }

    package struct Packet: Hashable, Sendable {
        package let type: PacketType
        /// At most once for everything but PUBLISH.
        package let qos: QoS
        /// Where in the packet its identifier is; 0 if it has none.
        package let packetIDOffset: Int
        /// In `Trace.packets`, fixed header included.
        package let bytes: Range<Int>
    }

    package struct Event: Hashable, Sendable {
        package enum Kind: Hashable, Sendable {
            case opened
            case packet(Packet)
            case closed
        }

        /// From the first event of the trace.
        package let offset: Nanoseconds
        /// Index in `Trace.connections`.
        package let connection: Int
        package let kind: Kind
        /// How a connection ended; nil unless it was closed.
        package let ending: Ending?
    }

    /// From the first event to the last.
    package var duration: Nanoseconds { events.last?.offset ?? .zero }
}

extension PacketType {
    /// Whether a client sends it because of what the broker sent. When a trace is replayed, the broker at
    /// hand sends something else, so these are not repeated.
    package var answersTheBroker: Bool {
        switch self {
        case .puback, .pubrec, .pubrel, .pubcomp: true
        default: false
        }
    }
}
