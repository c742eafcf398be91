internal import Measure
internal import MQTT

/// An event as it is kept: 32 bytes, so that an hour of a busy broker fits into memory.
struct StoredEvent {
    /// Nanoseconds; since the epoch while the trace is built, then since its first event.
    var time: Int64
    /// Where its packet begins.
    var start = 0
    /// Bytes of its packet; 0 if it has none.
    var length: UInt32 = 0
    var connection: UInt32
    var packetIDOffset: UInt32 = 0
    /// First byte of its packet, which holds type and QoS; `opened` or `closed` if it has none.
    var first: UInt8
    var ending: UInt8 = 0

    /// No packet has type 0.
    static let opened: UInt8 = 0
    static let closed: UInt8 = 1
}

extension Trace {
    /// The events, unpacked as they are asked for.
    package struct Events: RandomAccessCollection, Sendable {
        let stored: [StoredEvent]

        package var startIndex: Int { 0 }
        package var endIndex: Int { stored.count }

        package subscript(index: Int) -> Event {
            let event = stored[index]
            let kind: Event.Kind
            var ending: Ending?
            if let packet = Packet(event) {
                kind = .packet(packet)
            } else if event.first == StoredEvent.closed {
                kind = .closed
                ending = Ending.allCases[Int(event.ending)]
            } else {
                kind = .opened
            }
            return Event(
                offset: Nanoseconds(event.time), connection: Int(event.connection), kind: kind,
                ending: ending)
        }
    }
}

extension Trace.Packet {
    init?(_ event: StoredEvent) {
        guard let type = PacketType(rawValue: event.first >> 4) else { return nil }
        let qos = type == .publish ? QoS(rawValue: event.first >> 1 & 0b11) : nil
        self.init(
            type: type, qos: qos ?? .atMostOnce, packetIDOffset: Int(event.packetIDOffset),
            bytes: event.start..<event.start + Int(event.length))
    }
}
