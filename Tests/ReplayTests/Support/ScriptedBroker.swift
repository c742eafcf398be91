import MQTT
import Measure
import Replay
import Traffic

/// A broker that accepts and acknowledges, with faults that tests choose. It keeps sessions by client id, and stores
/// nothing.
final class ScriptedBroker: Transport {
    /// Answers to messages wait until this many sends later.
    var answersAfter = 0
    /// The send with this number blocks for this long.
    var pause: (send: Int, time: Nanoseconds)?
    /// Types that it does not answer.
    var ignores: Set<PacketType> = []
    var connackCode: UInt8 = 0
    var connackProperties: [Property] = []
    var forgetsSessions = false
    /// Called with each packet that it is sent.
    var onPacket: (ScriptedBroker, _ connection: Int, Packet) -> Void = { _, _, _ in }

    private(set) var sends = 0
    private(set) var publishes = [0, 0, 0]
    private(set) var connects = 0
    private(set) var open = 0
    private(set) var reusedWhileInUse = 0
    /// In order, without PINGREQ.
    private(set) var packets: [(connection: Int, packet: Packet)] = []
    private(set) var closed: [Int] = []
    private(set) var pings = 0

    private var used: Set<Int> = []
    private var sessions: Set<String> = []
    private var versions: [Int: ProtocolVersion] = [:]
    private var waiting: [(due: Int, connection: Int, packet: [UInt8])] = []
    private var next = 0

    func open(from endpoint: Endpoint, at now: MonotonicTime) -> Int {
        next += 1
        open += 1
        return next
    }

    func close(_ connection: Int, at now: MonotonicTime) {
        open -= 1
        closed.append(connection)
    }

    func send(_ packet: RawSpan, on connection: Int, intended: MonotonicTime) {
        sends += 1
        if let pause, sends == pause.send {
            let end = MonotonicTime.now() + pause.time
            while MonotonicTime.now() < end {}
        }
        guard let read = try? Packet.read(packet, version: versions[connection] ?? .v5) else {
            return
        }
        if read.type == .pingreq { pings += 1 } else { packets.append((connection, read)) }
        if !ignores.contains(read.type) { answer(read, connection) }
        onPacket(self, connection, read)
    }

    private func answer(_ packet: Packet, _ connection: Int) {
        switch packet {
        case .connect(let connect):
            connects += 1
            versions[connection] = connect.version
            let isThere = sessions.contains(connect.clientID) && !connect.cleanStart
            sessions.insert(connect.clientID)
            let connack = Connack(
                sessionPresent: isThere && !forgetsSessions && connackCode == 0,
                reasonCode: connackCode,
                properties: connect.version == .v5 ? connackProperties : [])
            tell(.connack(connack), on: connection)
            if connackCode != 0 { end(connection) }
        case .publish(let publish):
            publishes[Int(publish.qos.rawValue)] += 1
            guard let id = publish.packetID else { return }
            let isNew = used.insert(connection << 16 | Int(id.rawValue)).inserted
            if !isNew, !publish.dup { reusedWhileInUse += 1 }
            let answer = Acknowledgement(packetID: id)
            tell(publish.qos == .atLeastOnce ? .puback(answer) : .pubrec(answer), on: connection)
        case .pubrel(let release):
            tell(.pubcomp(Acknowledgement(packetID: release.packetID)), on: connection)
        case .subscribe(let subscribe):
            let codes = subscribe.subscriptions.map { $0.qos.rawValue }
            tell(
                .suback(Suback(packetID: subscribe.packetID, reasonCodes: codes)), on: connection)
        case .disconnect: end(connection)
        default: break
        }
    }

    /// Sends a packet of its own.
    func tell(_ packet: Packet, on connection: Int) {
        var bytes: [UInt8] = []
        packet.write(to: &bytes, version: versions[connection] ?? .v5)
        tell(bytes, on: connection)
    }

    func tell(_ bytes: [UInt8], on connection: Int) {
        let isLate =
            bytes.first.flatMap { PacketType(rawValue: $0 >> 4) }?.answersTheBroker ?? false
        waiting.append((isLate ? sends + answersAfter : sends, connection, bytes))
    }

    /// Ends the connection.
    func end(_ connection: Int) {
        open -= 1
        waiting.append((sends, connection, []))
    }

    func receive(
        at now: MonotonicTime,
        _ body: (_ connection: Int, _ packet: RawSpan, _ arrived: MonotonicTime) -> Void
    ) {
        while let place = waiting.firstIndex(where: { $0.due <= sends }) {
            let first = waiting.remove(at: place)
            let type = first.packet.first.flatMap { PacketType(rawValue: $0 >> 4) }
            if type == .puback || type == .pubcomp {
                let id = Int(first.packet[2]) << 8 | Int(first.packet[3])
                used.remove(first.connection << 16 | id)
            }
            body(first.connection, first.packet.span.bytes, .now())
        }
    }

    func wait(until time: MonotonicTime) {
        while MonotonicTime.now() < time, !waiting.contains(where: { $0.due <= sends }) {}
    }

    /// What it was sent of one type, in order.
    func received(_ type: PacketType) -> [Packet] {
        packets.map(\.packet).filter { $0.type == type }
    }

    var publishesReceived: [Publish] {
        packets.compactMap { if case .publish(let publish) = $0.packet { publish } else { nil } }
    }
}
