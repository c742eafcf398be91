internal import Measure
internal import Traffic

/// Who acts in recorded traffic: clients by their identifier, each through all connections that it made.
/// A connection without an identifier is a client of its own.
struct Cast {
    private(set) var clients: [TimelineClient] = []
    private var numbers: [String: Int] = [:]
    /// By connection: its client; -1 if it is not open.
    private var owners: [Int32] = []
    /// By client: its latest connection, while that is open.
    private var latest: [Int?] = []
    private var lastOffset = Nanoseconds.zero
    /// Packets on connections that their client had given up for another: a broker has closed those by then
    /// [MQTT-3.1.4-3], so they are not sent.
    private(set) var outlived = 0

    /// - Returns: nil if the event is no deed of a client, or comes too late to be one.
    mutating func step(for event: RecordedEvent) -> TimelineStep? {
        let offset = max(event.offset, lastOffset)
        switch event.kind {
        case .opened(let connection):
            lastOffset = offset
            return TimelineStep(
                offset: offset, client: open(event.connection, connection),
                kind: .opened(from: connection.peer, version: connection.version))
        case .packet(let type, let qos, let packetIDOffset):
            guard !type.answersTheBroker, let client = owner(of: event.connection) else {
                return nil
            }
            guard latest[client] == event.connection else {
                outlived += 1
                return nil
            }
            lastOffset = offset
            return TimelineStep(
                offset: offset, client: client,
                kind: .packet(type, qos: qos, packetIDOffset: packetIDOffset))
        case .closed(.endOfCapture): return nil
        case .closed(let ending):
            guard let client = close(event.connection) else { return nil }
            lastOffset = offset
            return TimelineStep(offset: offset, client: client, kind: .closed(ending))
        }
    }

    /// The number of a client that may not have done anything yet.
    mutating func number(of client: TimelineClient) -> Int {
        if let known = numbers[client.clientID] { return known }
        clients.append(client)
        latest.append(nil)
        if !client.clientID.isEmpty { numbers[client.clientID] = clients.count - 1 }
        return clients.count - 1
    }

    /// Ends the connection of one client that is still connected when the recording is over.
    mutating func closeNext() -> TimelineStep? {
        while let client = remaining.popLast() {
            guard latest[client] != nil else { continue }
            latest[client] = nil
            return TimelineStep(
                offset: lastOffset, client: client, kind: .closed(.endOfCapture))
        }
        return nil
    }

    /// Clients that may still have to be closed, the last first; made when the recording is over.
    private lazy var remaining = Array(latest.indices.reversed())

    private mutating func open(_ connection: Int, _ facts: Trace.Connection) -> Int {
        let client = number(
            of: TimelineClient(clientID: facts.clientID, connectSeen: facts.connectSeen))
        while owners.count <= connection { owners.append(-1) }
        owners[connection] = Int32(client)
        latest[client] = connection
        return client
    }

    /// - Returns: the client that has no connection any more; nil if it has another.
    private mutating func close(_ connection: Int) -> Int? {
        guard let client = owner(of: connection) else { return nil }
        owners[connection] = -1
        guard latest[client] == connection else { return nil }
        latest[client] = nil
        return client
    }

    private func owner(of connection: Int) -> Int? {
        guard connection < owners.count, owners[connection] >= 0 else { return nil }
        return Int(owners[connection])
    }
}
