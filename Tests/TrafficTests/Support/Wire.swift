import MQTT

/// A frame that a test puts into a capture.
struct TestFrame {
    /// Nanoseconds since the epoch.
    var time: UInt64
    var bytes: [UInt8]
    /// Bytes that the snap length kept out.
    var cut = 0
}

/// One TCP connection between a client and a broker, written segment by segment, each a millisecond
/// after the one before.
struct Wire {
    var frames: [TestFrame] = []
    var time: UInt64 = 1_700_000_000_000_000_000
    var clientPort: UInt16 = 50_000
    var brokerPort: UInt16 = 1883
    var link = TestLink.ethernet
    /// Sequence numbers that come next.
    var clientSequence: UInt32 = 1_000
    var brokerSequence: UInt32 = 9_000

    struct Flags: OptionSet {
        let rawValue: UInt8
        static let fin = Flags(rawValue: 1)
        static let syn = Flags(rawValue: 2)
        static let rst = Flags(rawValue: 4)
        static let ack = Flags(rawValue: 16)
    }

    mutating func handshake() {
        segment(toBroker: true, [], .syn, at: clientSequence)
        segment(
            toBroker: false, [], [.syn, .ack], at: brokerSequence,
            acknowledging: clientSequence &+ 1)
        clientSequence &+= 1
        brokerSequence &+= 1
    }

    mutating func client(_ bytes: [UInt8]) {
        segment(toBroker: true, bytes, .ack, at: clientSequence)
        clientSequence &+= UInt32(bytes.count)
    }

    mutating func broker(_ bytes: [UInt8]) {
        segment(toBroker: false, bytes, .ack, at: brokerSequence)
        brokerSequence &+= UInt32(bytes.count)
    }

    mutating func client(_ packets: Packet..., version: ProtocolVersion = .v3_1_1) {
        client(packets.flatMap { $0.bytes(version) })
    }

    mutating func broker(_ packets: Packet..., version: ProtocolVersion = .v3_1_1) {
        broker(packets.flatMap { $0.bytes(version) })
    }

    /// SYN, CONNECT, CONNACK.
    mutating func connect(_ connect: Connect = Connect(version: .v3_1_1, clientID: "sensor")) {
        handshake()
        client(.connect(connect))
        broker(.connack(Connack()), version: connect.version)
    }

    mutating func finish() {
        segment(toBroker: true, [], [.fin, .ack], at: clientSequence)
        segment(toBroker: false, [], [.fin, .ack], at: brokerSequence)
    }

    /// Repeats a frame as a sender does that had no acknowledgement in time.
    mutating func sendAgain(_ index: Int, at place: Int) {
        var frame = frames[index]
        frame.time += 200_000_000
        frames.insert(frame, at: place)
    }

    mutating func segment(
        toBroker: Bool, _ payload: [UInt8], _ flags: Flags, at sequence: UInt32,
        acknowledging: UInt32? = nil
    ) {
        time += 1_000_000
        let acknowledged = acknowledging ?? (toBroker ? brokerSequence : clientSequence)
        let (from, to) = toBroker ? (clientPort, brokerPort) : (brokerPort, clientPort)
        let tcp =
            from.wire + to.wire + sequence.wire + acknowledged.wire
            + [0x50, flags.rawValue, 0x20, 0, 0, 0, 0, 0] + payload
        frames.append(TestFrame(time: time, bytes: link.frame(tcp, toBroker: toBroker)))
    }
}

extension Packet {
    func bytes(_ version: ProtocolVersion = .v3_1_1) -> [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes, version: version)
        return bytes
    }

    static func reading(
        _ topic: String = "site/1/temp", _ payload: String = "21.5", qos: QoS = .atMostOnce
    ) -> Packet {
        .publish(
            Publish(
                qos: qos, topic: topic, packetID: qos == .atMostOnce ? nil : PacketID(7),
                payload: Array(payload.utf8)))
    }
}

extension FixedWidthInteger {
    /// In network byte order.
    var wire: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
    var little: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
    func bytes(bigEndian: Bool) -> [UInt8] { bigEndian ? wire : little }
}
