internal import MQTT
internal import Measure
internal import Replay
internal import Traffic

/// The traffic of benchmarks as a timeline, made while it is read: a durable subscriber comes, subscribes and goes; then
/// all clients connect, and publish in turn.
final class BenchTimeline: Timeline {
    private(set) var clients: [TimelineClient] = []
    private let publishers: Int
    private let publishes: Int
    private let interval: Nanoseconds
    /// When the first message is due.
    private let lead: Nanoseconds
    private var prelude: [(step: TimelineStep, packet: [UInt8])] = []
    /// The message of each publisher, and where its identifier is.
    private let messages: [(packet: [UInt8], packetIDOffset: Int)]
    private var place = 0
    private var current: [UInt8] = []

    /// - Parameter interval: between two messages.
    init(publishers: Int, publishes: Int, interval: Nanoseconds, lead: Nanoseconds) throws {
        (self.publishers, self.publishes) = (publishers, publishes)
        (self.interval, self.lead) = (interval, lead)
        messages = try (0..<min(publishers, BenchTraffic.clients)).map { client in
            var packet: [UInt8] = []
            Packet.publish(BenchTraffic.message(client)).write(to: &packet, version: .v3_1_1)
            let header = try PublishHeader.read(packet.span.bytes, version: .v3_1_1)
            return (packet, header.packetIDOffset)
        }
        var steps: [(step: TimelineStep, packet: [UInt8])] = []
        func add(_ client: Int, _ kind: TimelineStep.Kind, _ packet: Packet? = nil) {
            var bytes: [UInt8] = []
            packet?.write(to: &bytes, version: .v3_1_1)
            let offset = Nanoseconds(lead.count * Int64(steps.count) / Int64(2 * publishers + 8))
            steps.append((TimelineStep(offset: offset, client: client, kind: kind), bytes))
        }
        func connect(_ client: Int, _ name: String, clean: Bool) {
            clients.append(TimelineClient(clientID: name, connectSeen: true))
            add(client, .opened(from: BenchTraffic.address, version: .v3_1_1))
            add(
                client, .packet(.connect, qos: .atMostOnce, packetIDOffset: 0),
                .connect(Connect(version: .v3_1_1, clientID: name, cleanStart: clean)))
        }
        connect(0, "archiver", clean: false)
        if let id = PacketID(1) {
            let subscription = Subscription(filter: BenchTraffic.filter, qos: .atLeastOnce)
            add(
                0, .packet(.subscribe, qos: .atMostOnce, packetIDOffset: 2),
                .subscribe(Subscribe(packetID: id, subscriptions: [subscription])))
        }
        add(
            0, .packet(.disconnect, qos: .atMostOnce, packetIDOffset: 0), .disconnect(Disconnect()))
        add(0, .closed(.disconnect))
        for client in 0..<publishers {
            connect(client + 1, BenchTraffic.name(client), clean: true)
        }
        prelude = steps
    }

    func next() -> TimelineStep? {
        defer { place += 1 }
        if place < prelude.count {
            current = prelude[place].packet
            return prelude[place].step
        }
        let number = place - prelude.count
        guard number < publishes else { return nil }
        let publisher = number % publishers
        let message = messages[publisher % messages.count]
        current = message.packet
        return TimelineStep(
            offset: lead + Nanoseconds(interval.count * Int64(number)), client: publisher + 1,
            kind: .packet(.publish, qos: .atLeastOnce, packetIDOffset: message.packetIDOffset))
    }

    func withPacket(_ body: (RawSpan) -> Void) { current.withUnsafeBytes { body($0.bytes) } }
}
