internal import MQTT
internal import Measure
internal import Traffic

/// Turns what is read of a recording into events of its clients, and hands them on in batches.
struct EventFeeder: TrafficObserver {
    private let queue: BatchQueue
    /// Connections whose CONNECT was not recorded, as the first reading found them.
    private let undeclared: [Int: Trace.Connection]
    private var clock = RecordedClock()
    private var connections = OpenConnections<Connection>()
    private var batch = EventBatch()

    private struct Connection {
        let peer: Endpoint
        /// Its opening has been told.
        var isTold = false
    }

    init(_ queue: BatchQueue, undeclared: [Int: Trace.Connection]) {
        (self.queue, self.undeclared) = (queue, undeclared)
    }

    var wantsMore: Bool { !queue.isCancelled }

    /// Hands on what is left.
    mutating func finish() {
        if !batch.events.isEmpty { queue.put(batch) }
        batch = EventBatch()
    }

    mutating func opened(_ connection: Int, client: Endpoint, at time: Int64) {
        connections.open(connection, Connection(peer: client))
        if let facts = undeclared[connection] { declare(connection, facts, at: time) }
    }

    mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan) {
        guard packet.direction == .toBroker,
            let place = connections.place(of: packet.connection)
        else { return }
        if case .other(.connect(let connect)) = packet.content {
            // A second one is a mistake that brokers answer by closing the connection.
            guard !connections.states[place].isTold else { return }
            let facts = Trace.Connection(
                clientID: connect.clientID, version: connect.version,
                peer: connections.states[place].peer, connectSeen: true)
            open(packet.connection, facts, connect.withoutSecrets, at: packet.time)
            return
        }
        // Answers are given anew, and AUTH holds secrets.
        guard connections.states[place].isTold, !packet.type.answersTheBroker,
            packet.type != .auth
        else { return }
        var qos = QoS.atMostOnce
        if case .publish(let header) = packet.content { qos = header.qos }
        let kind = RecordedEvent.Kind.packet(
            packet.type, qos: qos, packetIDOffset: packet.packetIDOffset(bytes))
        tell(kind, packet.connection, at: packet.time, bytes)
    }

    mutating func closed(
        _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64
    ) {
        guard let place = connections.place(of: connection) else { return }
        let state = connections.states[place]
        // The end of the capture says nothing of when, and nothing of the connection.
        if state.isTold, ending != .endOfCapture {
            tell(.closed(ending), connection, at: time, RawSpan())
        }
        connections.close(connection, leaving: Connection(peer: state.peer))
    }

    private mutating func declare(_ connection: Int, _ facts: Trace.Connection, at time: Int64) {
        let connect = Connect(version: facts.version, clientID: facts.clientID)
        open(connection, facts, connect, at: time)
    }

    private mutating func open(
        _ connection: Int, _ facts: Trace.Connection, _ connect: Connect, at time: Int64
    ) {
        if let place = connections.place(of: connection) { connections.states[place].isTold = true }
        tell(.opened(facts), connection, at: time, RawSpan(), isOpening: true)
        var bytes: [UInt8] = []
        connect.write(to: &bytes)
        let kind = RecordedEvent.Kind.packet(.connect, qos: .atMostOnce, packetIDOffset: 0)
        tell(kind, connection, at: time, bytes.span.bytes, isOpening: true)
    }

    private mutating func tell(
        _ kind: RecordedEvent.Kind, _ connection: Int, at time: Int64, _ packet: RawSpan,
        isOpening: Bool = false
    ) {
        let begin = batch.bytes.count
        packet.withUnsafeBytes { batch.bytes.append(contentsOf: $0) }
        let event = RecordedEvent(
            offset: clock.note(time, isOpening: isOpening), connection: connection,
            kind: kind)
        batch.events.append((event, begin..<batch.bytes.count))
        guard batch.isFull else { return }
        queue.put(batch)
        batch = EventBatch()
    }
}
