/// The fifteen control packets; the raw value is the upper half of the first byte.
package enum PacketType: UInt8, CaseIterable, Sendable {
    case connect = 1
    case connack = 2
    case publish = 3
    case puback = 4
    case pubrec = 5
    case pubrel = 6
    case pubcomp = 7
    case subscribe = 8
    case suback = 9
    case unsubscribe = 10
    case unsuback = 11
    case pingreq = 12
    case pingresp = 13
    case disconnect = 14
    case auth = 15

    /// As the specification writes it: "CONNECT".
    package var name: String { "\(self)".uppercased() }

    /// The lower half of the first byte, or `nil` for PUBLISH, where it carries DUP, QoS and RETAIN.
    package var reservedFlags: UInt8? {
        switch self {
        case .publish: nil
        case .pubrel, .subscribe, .unsubscribe: 0b0010
        default: 0
        }
    }
}
