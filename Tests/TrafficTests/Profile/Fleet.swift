import Foundation
import MQTT
import Traffic

/// Connections on one broker, written step by step into one capture: each step begins where the last one
/// ended in time.
struct TestFleet {
    private var wires: [String: Wire] = [:]
    private var versions: [String: ProtocolVersion] = [:]
    private(set) var frames: [TestFrame] = []
    var time: UInt64 = 1_700_000_000_000_000_000

    /// - Parameter present: what CONNACK says of the session.
    mutating func connect(_ connect: Connect, as name: String? = nil, present: Bool = false) {
        let name = name ?? connect.clientID
        wires[name] = Wire(clientPort: 40_000 + UInt16(wires.count + frames.count % 20_000))
        versions[name] = connect.version
        step(name) { wire, version in
            wire.handshake()
            wire.client(.connect(connect), version: version)
            wire.broker(.connack(Connack(sessionPresent: present)), version: version)
        }
    }

    /// A connection that was open before the capture began.
    mutating func open(_ name: String, _ version: ProtocolVersion = .v3_1_1) {
        wires[name] = Wire(clientPort: 30_000 + UInt16(wires.count))
        versions[name] = version
    }

    mutating func client(_ name: String, _ packets: Packet...) {
        step(name) { wire, version in
            for packet in packets { wire.client(packet, version: version) }
        }
    }

    mutating func broker(_ name: String, _ packets: Packet...) {
        step(name) { wire, version in
            for packet in packets { wire.broker(packet, version: version) }
        }
    }

    mutating func subscribe(_ name: String, _ filters: String...) {
        guard let id = PacketID(1) else { return }
        client(
            name,
            .subscribe(
                Subscribe(
                    packetID: id,
                    subscriptions: filters.map { Subscription(filter: $0, qos: .atLeastOnce) })))
    }

    mutating func finish(_ name: String) { step(name) { wire, _ in wire.finish() } }

    mutating func wait(seconds: Double) { time += UInt64((seconds * 1e9).rounded()) }

    private mutating func step(_ name: String, _ body: (inout Wire, ProtocolVersion) -> Void) {
        guard var wire = wires[name], let version = versions[name] else {
            preconditionFailure("nobody is called \(name)")
        }
        wire.time = time
        body(&wire, version)
        frames += wire.frames
        time = wire.time
        wire.frames = []
        wires[name] = wire
    }

    func inspect(
        subscriptions: GivenSubscriptions? = nil, terms: ForecastTerms = .standard
    ) throws -> Inspection {
        try withFile(CaptureFile.pcap(frames, nanoseconds: true)) {
            try Inspection(
                captures: [$0], options: ReadingOptions(subscriptions: subscriptions), terms: terms)
        }
    }
}

extension Connect {
    /// Version 5, with a session that outlives the connection.
    static func durable(_ name: String, clean: Bool = false, expiry: UInt32 = 3_600) -> Connect {
        Connect(
            version: .v5, clientID: name, cleanStart: clean,
            will: Will(topic: "status/\(name)", payload: [], retain: true),
            properties: [.sessionExpiryInterval(expiry)])
    }

    /// Version 5, with a retained will and no session.
    static func careful(_ name: String) -> Connect {
        Connect(
            version: .v5, clientID: name,
            will: Will(topic: "status/\(name)", payload: [], retain: true))
    }
}

extension Packet {
    static func message(
        _ topic: String, _ payload: String = "21.5", qos: QoS = .atMostOnce, retain: Bool = false,
        dup: Bool = false, id: UInt16 = 7, _ properties: [Property] = []
    ) -> Packet {
        .publish(
            Publish(
                dup: dup, qos: qos, retain: retain, topic: topic,
                packetID: qos == .atMostOnce ? nil : PacketID(id), properties: properties,
                payload: Array(payload.utf8)))
    }
}
