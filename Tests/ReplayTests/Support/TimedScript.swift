import MQTT
import Measure
import Replay
import Traffic

/// A trace written by hand. Times are seconds.
struct TimedScript {
    private var builder = Trace.Builder()
    private var connections: [String: (number: Int, version: ProtocolVersion)] = [:]
    private var port: UInt16 = 40_000

    /// A trace begins at its first event: this puts that at zero.
    init() {}

    mutating func connect(
        _ client: String, at time: Double, version: ProtocolVersion = .v5, clean: Bool = true,
        keepAlive: UInt16 = 60, will: Will? = nil, _ properties: Property...
    ) {
        port += 1
        let peer = Endpoint(address: [192, 0, 2, 7], port: port)
        let number = builder.open(
            Trace.Connection(clientID: client, version: version, peer: peer, connectSeen: true),
            at: .seconds(time))
        connections[client] = (number, version)
        let connect = Connect(
            version: version, clientID: client, cleanStart: clean, keepAlive: keepAlive,
            will: will, properties: properties)
        send(.connect(connect), of: client, at: time)
    }

    mutating func subscribe(_ client: String, _ filters: String..., at time: Double) {
        guard let id = PacketID(7) else { return }
        let subscriptions = filters.map { Subscription(filter: $0, qos: .atLeastOnce) }
        send(
            .subscribe(Subscribe(packetID: id, subscriptions: subscriptions)), of: client,
            at: time)
    }

    mutating func publish(
        _ client: String, _ topic: String, at time: Double, qos: UInt8 = 0, dup: Bool = false,
        id: UInt16 = 9, _ properties: Property...
    ) {
        guard let qos = QoS(rawValue: qos) else { return }
        let publish = Publish(
            dup: dup, qos: qos, topic: topic, packetID: qos > .atMostOnce ? PacketID(id) : nil,
            properties: properties, payload: Array("\(time)".utf8))
        send(.publish(publish), of: client, at: time)
    }

    mutating func ping(_ client: String, at time: Double) {
        send(.pingreq, of: client, at: time)
    }

    /// Says DISCONNECT and closes.
    mutating func leave(_ client: String, at time: Double, _ properties: Property...) {
        send(.disconnect(Disconnect(properties: properties)), of: client, at: time)
        close(client, .disconnect, at: time)
    }

    mutating func close(_ client: String, _ ending: Ending, at time: Double) {
        guard let (number, _) = connections.removeValue(forKey: client) else { return }
        builder.close(number, ending, at: .seconds(time))
    }

    private mutating func send(_ packet: Packet, of client: String, at time: Double) {
        guard let (number, version) = connections[client] else { return }
        var bytes: [UInt8] = []
        packet.write(to: &bytes, version: version)
        var offset = 0
        switch packet {
        case .publish(let publish) where publish.packetID != nil:
            offset = 2 + 2 + publish.topic.utf8.count
        case .subscribe: offset = 2
        default: break
        }
        builder.append(
            bytes.span.bytes, packetIDOffset: offset, on: number, at: .seconds(time))
    }

    func timeline() -> TraceTimeline { TraceTimeline(builder.build()) }
}
