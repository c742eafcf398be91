internal import MQTT

/// What was made so far.
struct FleetTally {
    /// By type, to the broker and to clients.
    private(set) var packets = [2 of [Int]](repeating: Array(repeating: 0, count: 16))
    /// PUBLISH by QoS, to the broker and to clients.
    private(set) var publishes = [2 of [Int]](repeating: [0, 0, 0])
    private(set) var retained = 0
    private(set) var repeated = [2 of Int](repeating: 0)
    private(set) var payloadBytes = 0
    /// MQTT packets of both directions.
    private(set) var bytes = 0
    var connections = 0
    var takeovers = 0
    var wills = 0
    /// Deliveries that a full queue pushed out, and those whose time was up.
    var overflowed = 0
    var expired = 0
    /// By group and kind of message.
    var kinds: [[KindTally]]

    struct KindTally {
        /// Messages that the schedule asked for.
        var planned = 0
        /// PUBLISH packets, without repetitions.
        var sent = 0
        var repeated = 0
        /// At QoS 0, with no connection to send them on.
        var lost = 0
        /// Pushed out of a full buffer.
        var dropped = 0
    }

    init(_ groups: [ClientGroup]) {
        kinds = groups.map { Array(repeating: KindTally(), count: $0.messages.count) }
    }

    mutating func count(_ packet: DecodedPacket, bytes size: Int) {
        let side = packet.direction == .toBroker ? 0 : 1
        packets[side][Int(packet.type.rawValue)] += 1
        bytes += size
        guard case .publish(let header) = packet.content else { return }
        publishes[side][Int(header.qos.rawValue)] += 1
        payloadBytes += header.payload.count
        if header.retain { retained += 1 }
        if header.dup { repeated[side] += 1 }
    }
}
