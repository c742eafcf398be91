import MQTT
import Measure
import Replay
import TestSupport
import Traffic

/// Clients before a broker, with a ledger between them and a clock that only the test moves.
final class LedgerStage {
    private final class Clock {
        var time = MonotonicTime(nanoseconds: 1_000_000_000)
    }

    private let clock = Clock()
    private let scratch = ScratchDirectory()
    let broker: FaultyBroker
    let ledger: Ledger
    let transport: WitnessedTransport
    private var connections: [String: Int] = [:]
    private var lastID: UInt16 = 0
    /// Does not acknowledge what it is sent.
    var silent: Set<String> = []

    init(_ fault: FaultyBroker.Fault? = nil) throws {
        let clock = clock
        broker = FaultyBroker(fault) { clock.time }
        ledger = try Ledger(creating: scratch("ledger"))
        transport = WitnessedTransport(wrapping: broker, ledger: ledger) { clock.time }
    }

    var now: MonotonicTime { clock.time }

    func pass(_ time: Nanoseconds) {
        clock.time = clock.time + time
        pump()
    }

    func connect(
        _ name: String, clean: Bool = true, expiry: UInt32 = 0, will: Will? = nil
    ) {
        let connection = transport.open(
            from: Endpoint(address: [127, 0, 0, 1], port: 1), at: now)
        connections[name] = connection
        send(
            .connect(
                Connect(
                    version: .v5, clientID: name, cleanStart: clean, username: "sensor",
                    hasPassword: true, will: will,
                    properties: expiry == 0 ? [] : [.sessionExpiryInterval(expiry)])), name)
    }

    func subscribe(_ name: String, _ filter: String, _ qos: QoS) throws {
        let id = nextID()
        send(
            .subscribe(
                Subscribe(
                    packetID: id, subscriptions: [Subscription(filter: filter, qos: qos)])), name)
    }

    /// What is published to `t` waits for a durable session that is away.
    func queueForArchive() throws {
        connect("archive", clean: false, expiry: 3_600)
        try subscribe("archive", "t", .atLeastOnce)
        sayGoodbye("archive")
    }

    func publish(
        _ name: String, _ topic: String, _ payload: String, _ qos: QoS, retain: Bool = false,
        expiry: UInt32? = nil, isRepeated: Bool = false, under id: UInt16? = nil
    ) {
        let next = isRepeated ? PacketID(lastID) : id.map { PacketID($0) } ?? nextID()
        send(
            .publish(
                Publish(
                    dup: isRepeated, qos: qos, retain: retain, topic: topic,
                    packetID: qos == .atMostOnce ? nil : next,
                    properties: expiry.map { [.messageExpiryInterval($0)] } ?? [],
                    payload: Array(payload.utf8))), name)
    }

    func sayGoodbye(_ name: String) {
        send(.disconnect(Disconnect()), name)
        cut(name)
    }

    func cut(_ name: String) {
        guard let connection = connections.removeValue(forKey: name) else { return }
        transport.close(connection, at: now)
        clock.time = clock.time + .milliseconds(1)
        pump()
    }

    func verify(
        _ promise: Promise = .ours, _ options: Verifier.Options = Verifier.Options()
    ) throws -> Verification {
        pump()
        ledger.close(at: now)
        return try Verifier(ledger.path, promise, options).run()
    }

    private func nextID() -> PacketID {
        lastID += 1
        return PacketID(lastID) ?? PacketID.first
    }

    private func send(_ packet: Packet, _ name: String) {
        guard let connection = connections[name] else { return }
        var bytes: [UInt8] = []
        packet.write(to: &bytes, version: .v5)
        transport.send(bytes.span.bytes, on: connection, intended: now)
        clock.time = clock.time + .milliseconds(1)
        pump()
    }

    /// Takes what has arrived and answers it.
    private func pump() {
        transport.receive(at: now) { connection, packet, _ in
            guard let name = connections.first(where: { $0.value == connection })?.key,
                !silent.contains(name), let packet = try? Packet.read(packet, version: .v5)
            else { return }
            var bytes: [UInt8] = []
            switch packet {
            case .publish(let publish):
                guard let id = publish.packetID else { return }
                writeAcknowledgement(
                    publish.qos == .atLeastOnce ? .puback : .pubrec, id, to: &bytes)
            case .pubrec(let answer): writeAcknowledgement(.pubrel, answer.packetID, to: &bytes)
            case .pubrel(let answer): writeAcknowledgement(.pubcomp, answer.packetID, to: &bytes)
            default: return
            }
            transport.send(bytes.span.bytes, on: connection, intended: now)
        }
    }
}

extension PacketID {
    static var first: PacketID {
        guard let id = PacketID(1) else { preconditionFailure("1 is a packet identifier") }
        return id
    }
}

extension Promise {
    /// Of a broker that keeps all that it acknowledges, and that nobody else publishes to.
    static var ours: Promise {
        var promise = Promise(name: "all of it")
        promise.isOurs = true
        return promise
    }
}
