internal import MQTT

/// Tells the events of one file to a listener, under the numbers that connections have in this reading.
///
/// Everything in a file is hostile: events of connections that were not opened, or twice, are refused.
struct EventTeller {
    private var connections = ConnectionTable<UInt32, OpenConnection>()
    /// Connections that were opened in a part of the file that is not read, as its index knows them.
    var known: [UInt32: IndexedConnection] = [:]
    /// Clients of those of them whose CONNECT was not recorded.
    var clients: [UInt32: String] = [:]
    /// What the events add up to.
    private(set) var census = EventCensus()

    mutating func tell<O: TrafficObserver>(
        _ event: TraceEvent, _ bytes: RawSpan, _ listener: inout Listener<O>,
        _ carried: inout CarriedConnections
    ) throws(BlockFault) {
        guard event.kind != .opened else {
            try begin(event, &listener, &carried)
            return
        }
        if connections.states[event.connection] == nil { beginKnown(event.connection, &listener) }
        guard var connection = connections.states[event.connection] else {
            throw BlockFault(why: "connection \(event.connection) has events and was not opened")
        }
        connection.lastTime = max(connection.lastTime, event.time)
        switch event.kind {
        case .opened: break
        case .packet:
            connection.version = event.version
            let packet = try packet(event, bytes, connection.number)
            census.received(packet, bytes.byteCount)
            listener.observer.received(packet, bytes)
        case .identified:
            let client = bytes.withUnsafeBytes { String(validating: $0, as: UTF8.self) }
            guard let client else { throw BlockFault(why: "a client identifier is not UTF-8") }
            if !connection.isCarried {
                listener.observer.identified(connection.number, clientID: client, at: event.time)
            }
        case .closed:
            guard !connection.isOver else {
                throw BlockFault(why: "connection \(event.connection) ends twice")
            }
            listener.observer.closed(
                connection.number, version: event.version, event.ending, at: event.time)
            census.closed(connection.number)
            connection.isOver = true
            connections.end(event.connection)
        }
        connections.states[event.connection] = connection
    }

    /// The file is over: what is still open may go on in the next.
    mutating func carry(to carried: inout CarriedConnections) {
        for connection in connections.states.values where !connection.isOver {
            carried.add(connection)
        }
        connections = ConnectionTable()
    }

    private mutating func begin<O: TrafficObserver>(
        _ event: TraceEvent, _ listener: inout Listener<O>, _ carried: inout CarriedConnections
    ) throws(BlockFault) {
        guard connections.states[event.connection] == nil else {
            throw BlockFault(why: "connection \(event.connection) is opened twice")
        }
        census.opened(at: event.time)
        if event.isMarked, let connection = carried.take(event.peer) {
            census.goesOn(connection.number)
            connections.states[event.connection] = connection
            return
        }
        known[event.connection] = nil
        begin(event.connection, event.peer, at: event.time, &listener)
    }

    private mutating func begin<O: TrafficObserver>(
        _ connection: UInt32, _ peer: Endpoint, at time: Int64, _ listener: inout Listener<O>
    ) {
        connections.states[connection] = OpenConnection(
            number: listener.connections, peer: peer, lastTime: time)
        listener.connections += 1
        listener.observer.opened(listener.connections - 1, client: peer, at: time)
    }

    /// What the index says of it has happened before.
    private mutating func beginKnown<O: TrafficObserver>(
        _ connection: UInt32, _ listener: inout Listener<O>
    ) {
        guard let entry = known.removeValue(forKey: connection) else { return }
        begin(connection, entry.peer, at: entry.openedAt, &listener)
        guard let client = clients[connection] else { return }
        listener.observer.identified(
            listener.connections - 1, clientID: client, at: entry.openedAt)
    }

    private func packet(
        _ event: TraceEvent, _ bytes: RawSpan, _ number: Int
    ) throws(BlockFault) -> DecodedPacket {
        guard bytes.byteCount >= 2, let type = PacketType(rawValue: bytes.byte(at: 0) >> 4),
            type.mayTravel(event.direction),
            let content = try? DecodedPacket.Content(bytes, version: event.version)
        else { throw BlockFault(why: "a packet is malformed") }
        return DecodedPacket(
            connection: number, direction: event.direction, time: event.time, type: type,
            version: event.version, content: content, isInferred: event.isMarked)
    }
}

/// A connection that a file has opened and not closed.
struct OpenConnection {
    /// In this reading.
    let number: Int
    let peer: Endpoint
    var version = ProtocolVersion.v3_1_1
    var lastTime: Int64
    /// It was opened by a file before: who it is has been told.
    var isCarried = false
    /// What still comes was sent before its end was known.
    var isOver = false
}

/// Connections that were open at the end of a file, for the file that goes on with them.
struct CarriedConnections {
    private var connections: [Endpoint: OpenConnection] = [:]
    /// Of one peer, which only a file that was put together can hold twice.
    private var others: [OpenConnection] = []

    mutating func add(_ connection: OpenConnection) {
        var connection = connection
        connection.isCarried = true
        if let other = connections.updateValue(connection, forKey: connection.peer) {
            others.append(other)
        }
    }

    mutating func take(_ peer: Endpoint) -> OpenConnection? {
        connections.removeValue(forKey: peer)
    }

    /// No file comes after: ends what is still open, in the order in which it was opened.
    mutating func end<O: TrafficObserver>(_ listener: inout Listener<O>) {
        for connection in (others + connections.values).sorted(by: { $0.number < $1.number }) {
            listener.observer.closed(
                connection.number, version: connection.version, .endOfCapture,
                at: connection.lastTime)
        }
        (connections, others) = ([:], [])
    }
}
