internal import Layout
internal import MQTT
internal import Measure
internal import Storage

/// One network connection, from its opening to its end. Confined to the session layer's thread.
final class Connection {
    let number: Int
    let peer: PeerAddress
    var version = ProtocolVersion.v5
    /// Nil until CONNECT was accepted.
    var session: Session?
    /// What storage needs to know of this publisher; set with `session`.
    var publisher: Publisher?
    var will: Will?
    /// The client is a broker itself, before version 5: the RETAIN flag is passed on to it as it was published.
    var isBridge = false
    /// Topics that the client has given aliases for [MQTT-3.3.2.3.4].
    var aliases: [UInt16: String] = [:]
    /// What the client has asked for in CONNECT.
    var terms = ClientTerms()
    /// Whom the authority is asked about; set with `session`.
    var identity: ClientIdentity?
    /// How long it may be silent; nil if for ever.
    var patience: Nanoseconds?
    /// When the last packet came.
    var lastHeard = MonotonicTime(nanoseconds: 0)
    /// Its messages are not taken for now.
    var isHeldBack = false
    /// Aliases that the broker has given over this connection.
    var outgoing = OutgoingAliases()
    /// Answers to its messages that wait for storage.
    var held = 0

    init(number: Int, peer: PeerAddress) {
        self.number = number
        self.peer = peer
    }
}

extension Reason {
    /// What is answered to bytes that break a rule: mostly the packet is malformed, and where the specification
    /// speaks of a Protocol Error it is one.
    init(_ error: CodecError) {
        switch error {
        case .incomplete: self = .malformedPacket
        case .tooLarge: self = .packetTooLarge
        case .malformed(let rule, _):
            self = Reason(rawValue: rule.reasonCode) ?? .malformedPacket
        }
    }
}

/// Reason codes that the session layer itself gives (MQTT 5.0, table 2-6).
enum Reason: UInt8 {
    case success = 0x00
    case noMatchingSubscribers = 0x10
    case noSubscriptionExisted = 0x11
    case malformedPacket = 0x81
    case protocolError = 0x82
    case implementationSpecificError = 0x83
    case unsupportedProtocolVersion = 0x84
    case clientIdentifierNotValid = 0x85
    case notAuthorized = 0x87
    case serverShuttingDown = 0x8B
    case badAuthenticationMethod = 0x8C
    case keepAliveTimeout = 0x8D
    case sessionTakenOver = 0x8E
    case topicFilterInvalid = 0x8F
    case topicNameInvalid = 0x90
    case packetIdentifierNotFound = 0x92
    case receiveMaximumExceeded = 0x93
    case topicAliasInvalid = 0x94
    case packetTooLarge = 0x95
    case quotaExceeded = 0x97
    case retainNotSupported = 0x9A
    case qosNotSupported = 0x9B
    case sharedSubscriptionsNotSupported = 0x9E
    case wildcardSubscriptionsNotSupported = 0xA2
}
