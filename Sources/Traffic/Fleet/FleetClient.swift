internal import MQTT
internal import Measure

/// One client while its traffic is made: what it is, and how far it is.
struct FleetClient {
    let group: Int
    let subject: Subject
    let version: ProtocolVersion
    let pitfalls: Pitfalls
    /// Its streams, in the order of its group's messages.
    let streams: Range<Int>
    var random: Seed

    /// The connection that is open at the broker; -1 without.
    var connection: Int32 = -1
    /// CONNACK was sent.
    var isAccepted = false
    /// It believes itself connected, and the link carries.
    var isUp = false
    /// A CONNECT is planned.
    var isDialing = true
    var attempts = 0
    /// The broker takes no connection of it before.
    var notBefore = Int64.min
    var ports: UInt16 = 0
    /// What CONNACK said.
    var sessionPresent = false
    /// Of the SUBSCRIBE that waits for its SUBACK: which subscriptions the session did not have.
    var newSubscriptions: [Bool] = []
    var lastSent: Int64 = 0
    /// Answers of one side go out in order: not before this time.
    var brokerClock: Int64 = 0
    var clientClock: Int64 = 0

    var lastPacketID: UInt16 = 0
    var inflight: [OutgoingMessage] = []
    var waiting = Fifo<OutgoingMessage>()
    var isDraining = false
    /// Mistakes that single packets have shown.
    var shown: Pitfalls = []
    /// Of the last CONNECT.
    var hasWill = false
    private var publishes = 0
    /// Messages that are no commands, and those of them at QoS 2.
    private var ordinary = 0
    private var ordinaryAtQoS2 = 0

    init(
        group: Int, subject: Subject, version: ProtocolVersion, pitfalls: Pitfalls,
        streams: Range<Int>, random: Seed
    ) {
        (self.group, self.subject, self.version) = (group, subject, version)
        (self.pitfalls, self.streams, self.random) = (pitfalls, streams, random)
    }

    /// Fewer publishes say nothing about a habit.
    private static let habit = 5

    /// The mistakes that it has been seen to make, told to or not.
    var mistakes: Pitfalls {
        var mistakes = shown
        if ordinary >= Self.habit, ordinary == ordinaryAtQoS2 { mistakes.insert(.qos2Everywhere) }
        // Who publishes nothing needs no will.
        if publishes > 0, !hasWill { mistakes.insert(.noWill) }
        return mistakes
    }

    mutating func published(_ shown: Pitfalls, _ role: MessageClass.Role, _ qos: QoS) {
        self.shown.formUnion(shown)
        publishes += 1
        guard role != .command else { return }
        ordinary += 1
        if qos == .exactlyOnce { ordinaryAtQoS2 += 1 }
    }

    /// An identifier that no message in flight has.
    mutating func nextPacketID() -> UInt16 {
        repeat {
            lastPacketID = lastPacketID == .max ? 1 : lastPacketID + 1
        } while inflight.contains { $0.packetID == lastPacketID }
        return lastPacketID
    }

    /// The dynamic ports of RFC 6335, one after the other, so that a connection is not taken for the last one.
    mutating func nextPort() -> UInt16 {
        defer { ports = (ports + 1) % (65_535 - 49_152) }
        return 49_152 + ports
    }
}

/// A stream of messages of one kind from one client.
struct FleetStream {
    let client: Int32
    let kind: Int32
    /// Empty if every message has another.
    let topic: [UInt8]
    let variables: [[UInt8]]
    /// Of version 5, for topics with an alias; 0 if there are no more.
    let alias: UInt16
    var random: Seed
    /// Of the payload's walks.
    var values: [Double]
    var sequence = 0
    /// Messages of the burst that are still to come.
    var left = 0
    /// The nominal time of the burst, without jitter.
    var nominal: Int64 = 0
    /// The connection that knows the alias.
    var aliasKnownOn: Int32 = -1
}
