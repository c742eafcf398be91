internal import MQTT

/// MQTT packets in one direction, by type, counted where they pass the event loop.
struct PacketCounts: Sendable, Equatable {
    /// By the packet type's number, 1 to 15; 0 is of no packet.
    private(set) var byType = [Int](repeating: 0, count: 16)
    /// PUBLISHes by QoS.
    private(set) var published = [0, 0, 0]
    private(set) var bytes = 0

    var packets: Int { byType.reduce(0, +) }
    var messages: Int { published.reduce(0, +) }

    subscript(type: PacketType) -> Int { byType[Int(type.rawValue) & 0xF] }

    /// One whole packet; its first byte says what it is [MQTT-2.1.1].
    mutating func count(_ packet: RawSpan) {
        guard packet.byteCount > 0 else { return }
        let first = packet.unsafeLoad(as: UInt8.self)
        byType[Int(first >> 4)] += 1
        bytes += packet.byteCount
        let qos = Int(first >> 1 & 0b11)
        if first >> 4 == 3, qos < published.count { published[qos] += 1 }
    }
}
