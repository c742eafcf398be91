import MQTT
import Measure
import Replay
import Traffic

/// What a timeline has its clients do, a line a step: "1.5 pump PUBLISH env/1 q1".
struct Played {
    private(set) var lines: [String] = []
    private(set) var packets: [(client: String, packet: Packet)] = []
    /// Packets whose bytes are not what their step says: another type or QoS, no place for an identifier.
    private(set) var wrong: [String] = []

    init(_ timeline: any Timeline) throws {
        var versions: [Int: ProtocolVersion] = [:]
        while let step = try timeline.next() {
            let client = timeline.clients[step.client].clientID
            let time = "\(Double(step.offset.count / 1_000_000) / 1_000) \(client) "
            switch step.kind {
            case .opened(_, let version):
                versions[step.client] = version
                lines.append(time + "opened")
            case .closed(let ending): lines.append(time + "closed \(ending)")
            case .packet(let type, let qos, let offset):
                let version = versions[step.client] ?? .v5
                timeline.withPacket { bytes in
                    guard let packet = try? Packet.read(bytes, version: version),
                        packet.type == type
                    else {
                        wrong.append(time + type.name)
                        return
                    }
                    note(packet, client, time, qos, id: offset > 0 ? bytes.id(at: offset) : nil)
                }
            }
        }
    }

    private mutating func note(
        _ packet: Packet, _ client: String, _ time: String, _ qos: QoS, id: UInt16?
    ) {
        packets.append((client, packet))
        var line = time + packet.type.name
        switch packet {
        case .publish(let publish):
            line += " \(publish.topic) q\(publish.qos.rawValue)"
            if publish.qos != qos || publish.packetID?.rawValue != id { wrong.append(line) }
        case .subscribe(let subscribe):
            line += " " + subscribe.subscriptions.map(\.filter).joined(separator: " ")
            if subscribe.packetID.rawValue != id { wrong.append(line) }
        case .connect(let connect): if connect.clientID != client { wrong.append(line) }
        default: break
        }
        lines.append(line)
    }

    var publishes: [(client: String, publish: Publish)] {
        packets.compactMap { client, packet in
            if case .publish(let publish) = packet { (client, publish) } else { nil }
        }
    }

    func connects(of client: String) -> [Connect] {
        packets.compactMap {
            if case .connect(let connect) = $0.packet, $0.client == client { connect } else { nil }
        }
    }
}

extension RawSpan {
    fileprivate func id(at offset: Int) -> UInt16 {
        unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self).bigEndian
    }
}
