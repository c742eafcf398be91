internal import Foundation
internal import MQTT

/// A connection as lines of JSON tell of it.
///
/// Where a line says OPEN, everything is told as it is written and nothing more. A log seldom knows that
/// much: there the first line of a client opens its connection, and what the protocol demands and a log has
/// no room for is inferred and marked: the CONNECT and its CONNACK, packet identifiers, acknowledgements.
struct LogConnection {
    /// In order of opening.
    let number: UInt32
    private(set) var isOver = false
    private var client: String
    private var isOpen = false
    /// A line says OPEN.
    private var isExact = false
    private var version = ProtocolVersion.v3_1_1
    private var hasConnect = false
    /// When the CONNECT came that has no answer yet.
    private var connectedAt: Int64?
    private var lastTime = Int64.min
    private var lastID: [2 of UInt16] = [0, 0]

    init(client: String, number: UInt32) {
        self.client = client
        self.number = number
    }

    /// Whether a line of this type is of this connection, and not of the next with its name. What the
    /// broker had sent before it knew of the end comes after it.
    func goesOn(with type: String) -> Bool {
        !isOver || isExact && type != LineType.open.rawValue
    }

    /// A line that is no packet.
    mutating func tell(
        _ type: LineType, _ fields: inout LineFields, _ client: String?, at time: Int64,
        to told: inout LogEvents
    ) throws(FieldFault) {
        let time = advance(to: time)
        switch type {
        case .open:
            guard !isOpen else {
                throw fields.fault(
                    "type", "the connection is open", "write CLOSE before it is opened again")
            }
            isExact = true
            open(try fields.peer() ?? impliedPeer, at: time, to: &told)
        case .identified:
            open(at: time, to: &told)
            told.append(event(.identified, at: time), (client ?? "").utf8)
        case .close:
            payDebts(to: &told)
            open(at: time, to: &told)
            version = try fields.version() ?? version
            let name = try fields.text("ending") ?? Ending.fin.jsonName
            guard let ending = Ending.allCases.first(where: { $0.jsonName == name }) else {
                throw fields.fault(
                    "ending", "is unknown",
                    "write \(Ending.allCases.map(\.jsonName).joined(separator: ", "))")
            }
            close(ending, at: time, to: &told)
        case .facts: break
        }
        try fields.expectNothing(of: type.rawValue)
    }

    /// A packet.
    mutating func tell(
        _ type: PacketType, _ fields: inout LineFields, _ client: String?, at time: Int64,
        to told: inout LogEvents
    ) throws(FieldFault) {
        let time = advance(to: time)
        version = try fields.version() ?? version
        if !isExact, type == .connect, hasConnect {
            // Who connects again has lost the connection before.
            close(.fin, at: time, to: &told)
            self = LogConnection(client: self.client, number: told.opened).speaking(
                version, at: time)
        }
        if !isOpen {
            open(try fields.peer() ?? impliedPeer, at: time, to: &told)
        } else {
            _ = try fields.peer()
        }
        if let client, type == .connect || !hasConnect { self.client = client }
        let direction = try fields.direction(type)
        if !isExact, type != .connect { prepare(for: type, at: time, to: &told) }
        let isInferred = try fields.flag("inferred")
        let given = fields.has("packet_id") || isExact
        let (packet, bytes) = try packet(type, &fields, direction)
        guard type.mayTravel(direction) else {
            throw fields.fault("direction", "is not that of \(type.name)", "leave it out")
        }
        tell(bytes, direction, isInferred: isInferred, at: time, to: &told)
        if type == .connect { (hasConnect, connectedAt) = (true, isExact ? nil : time) }
        if !given { acknowledge(packet, direction, at: time, to: &told) }
        if !isExact, type == .disconnect, direction == .toBroker {
            close(.disconnect, at: time, to: &told)
        }
    }

    /// Tells the answer to a CONNECT that the log does not hold.
    mutating func payDebts(to told: inout LogEvents) {
        guard let time = connectedAt else { return }
        connectedAt = nil
        tell(.connack(Connack()), .toClient, at: time, to: &told)
    }

    /// Before a packet that is no CONNECT: the connection has one, and it was answered.
    private mutating func prepare(for type: PacketType, at time: Int64, to told: inout LogEvents) {
        if !hasConnect {
            hasConnect = true
            connectedAt = time
            let connect = Connect(version: version, clientID: client)
            tell(.connect(connect), .toBroker, at: time, to: &told)
        }
        if type == .connack { connectedAt = nil } else if type != .auth { payDebts(to: &told) }
    }

    /// The packet that a line describes, and its bytes, which a broker would accept.
    private mutating func packet(
        _ type: PacketType, _ fields: inout LineFields, _ direction: Direction
    ) throws(FieldFault) -> (Packet, [UInt8]) {
        var bytes: [UInt8] = []
        if let raw = try fields.raw() {
            guard let packet = try? Packet.read(raw.span.bytes, version: version),
                packet.type == type
            else {
                throw fields.fault("bytes", "are no \(type.name)", "leave them out")
            }
            return (packet, raw)
        }
        let side = direction == .toBroker ? 0 : 1
        let mayGive = !isExact
        var id = lastID[side]
        let packet = try fields.packet(type, version: version, client: client) {
            guard mayGive else { return nil }
            id = id == .max ? 1 : id + 1
            return PacketID(id)
        }
        lastID[side] = id
        let size = packet.roughSize
        guard size < PacketLength.limit else {
            throw fields.fault(
                "payload", "has about \(size) bytes", "the largest packet has 16 MiB")
        }
        packet.write(to: &bytes, version: version)
        do throws(CodecError) {
            _ = try DecodedPacket.Content(bytes.span.bytes, version: version)
        } catch {
            throw FieldFault(
                field: "", why: "is no \(type.name): \(error)", remedy: "correct what it names")
        }
        return (packet, bytes)
    }

    /// What a log without packet identifiers cannot hold.
    private mutating func acknowledge(
        _ packet: Packet, _ direction: Direction, at time: Int64, to told: inout LogEvents
    ) {
        let back = direction == .toBroker ? Direction.toClient : .toBroker
        switch packet {
        case .publish(let publish):
            guard let id = publish.packetID else { return }
            let answer = Acknowledgement(packetID: id)
            if publish.qos == .atLeastOnce {
                tell(.puback(answer), back, at: time, to: &told)
            } else {
                tell(.pubrec(answer), back, at: time, to: &told)
                tell(.pubrel(answer), direction, at: time, to: &told)
                tell(.pubcomp(answer), back, at: time, to: &told)
            }
        case .subscribe(let subscribe):
            let codes = subscribe.subscriptions.map(\.qos.rawValue)
            tell(
                .suback(Suback(packetID: subscribe.packetID, reasonCodes: codes)), back, at: time,
                to: &told)
        case .unsubscribe(let unsubscribe):
            let codes = version == .v5 ? unsubscribe.filters.map { _ in UInt8(0) } : []
            tell(
                .unsuback(Unsuback(packetID: unsubscribe.packetID, reasonCodes: codes)), back,
                at: time, to: &told)
        default: break
        }
    }

    /// An inferred packet.
    private mutating func tell(
        _ packet: Packet, _ direction: Direction, at time: Int64, to told: inout LogEvents
    ) {
        var bytes: [UInt8] = []
        packet.write(to: &bytes, version: version)
        tell(bytes, direction, isInferred: true, at: time, to: &told)
    }

    private func tell(
        _ bytes: [UInt8], _ direction: Direction, isInferred: Bool, at time: Int64,
        to told: inout LogEvents
    ) {
        var event = event(.packet, at: time)
        (event.direction, event.isMarked) = (direction, isInferred)
        told.append(event, bytes)
    }

    private mutating func open(at time: Int64, to told: inout LogEvents) {
        if !isOpen { open(impliedPeer, at: time, to: &told) }
    }

    private mutating func open(_ peer: Endpoint, at time: Int64, to told: inout LogEvents) {
        isOpen = true
        told.opened += 1
        var event = event(.opened, at: time)
        event.peer = peer
        told.append(event)
    }

    private mutating func close(_ ending: Ending, at time: Int64, to told: inout LogEvents) {
        payDebts(to: &told)
        var event = event(.closed, at: time)
        event.ending = ending
        told.append(event)
        isOver = true
    }

    private func event(_ kind: TraceEvent.Kind, at time: Int64) -> TraceEvent {
        TraceEvent(kind: kind, connection: number, time: time, version: version)
    }

    private func speaking(_ version: ProtocolVersion, at time: Int64) -> LogConnection {
        var connection = self
        (connection.version, connection.lastTime) = (version, time)
        return connection
    }

    /// Times of one connection never go back.
    private mutating func advance(to time: Int64) -> Int64 {
        lastTime = max(lastTime, time)
        return lastTime
    }

    /// From the block that is kept for examples (RFC 5737), and as long as real ones where they are stored.
    private var impliedPeer: Endpoint {
        Endpoint(
            address: [192, 0, 2, UInt8(1 + number % 254)], port: UInt16(49_152 + number % 16_384))
    }
}

extension Packet {
    /// Bytes of what may be large in it.
    fileprivate var roughSize: Int {
        switch self {
        case .publish(let publish): publish.payload.count
        case .subscribe(let subscribe):
            subscribe.subscriptions.reduce(0) { $0 + $1.filter.utf8.count + 3 }
        case .unsubscribe(let unsubscribe): unsubscribe.filters.reduce(0) { $0 + $1.utf8.count + 2 }
        default: 0
        }
    }
}
