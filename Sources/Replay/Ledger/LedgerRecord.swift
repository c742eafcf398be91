internal import MQTT
internal import Measure

/// What the ledger knows of one thing that happened on the wire, and nothing that it would not need to judge it:
/// of payloads, passwords and most properties there is nothing.
enum LedgerRecord: Equatable {
    /// Gives the next number to a client, counted from 0.
    case client(String)
    /// Gives the next number to a topic, counted from 0.
    case topic([UInt8])
    case publish(Sighting)
    case delivery(Sighting)
    case answer(Answer)
    case control(Control)
    case closed(client: Int, byBroker: Bool, at: MonotonicTime)
    case mark(Mark, at: MonotonicTime)

    /// A PUBLISH as it was seen, in either direction.
    struct Sighting: Equatable {
        var time: MonotonicTime
        var client: Int
        var topic: Int
        /// 0 at QoS 0.
        var packetID: UInt16
        var qos: QoS
        var retain: Bool
        var dup: Bool
        /// Of the payload.
        var content: UInt64
        var isEmpty: Bool
        /// Message Expiry Interval, seconds; nil if there is none.
        var expiry: UInt32?
        /// When the plan said to send it; of a delivery, when it came.
        var intended: MonotonicTime
    }

    /// A PUBACK, PUBREC, PUBREL or PUBCOMP.
    struct Answer: Equatable {
        var time: MonotonicTime
        var client: Int
        var fromBroker: Bool
        var type: PacketType
        var packetID: UInt16
        /// 0 before version 5.
        var reason: UInt8
    }

    /// A packet that begins, changes or ends a session: CONNECT, CONNACK, SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK
    /// or DISCONNECT, as it was sent, without a password.
    struct Control: Equatable {
        var time: MonotonicTime
        var client: Int
        var fromBroker: Bool
        var version: ProtocolVersion
        var packet: [UInt8]
    }

    /// What happened to the broker itself.
    enum Mark: UInt8, CaseIterable {
        /// Its process was killed.
        case killed = 1
        /// It was started again.
        case restarted
        /// It accepts connections again.
        case accepting
        /// What was on its way to connected clients has had the time to come.
        case settled
        /// The ledger was closed: nothing was seen after this.
        case end
    }
}
