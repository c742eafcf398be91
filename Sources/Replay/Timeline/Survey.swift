internal import MQTT
internal import Measure
internal import Traffic

/// What only the end of a recording tells of its connections, found in a first reading.
struct Survey: TrafficObserver {
    /// Connections whose CONNECT was not recorded, by their number in every reading.
    private(set) var undeclared: [Int: Trace.Connection] = [:]
    private(set) var clock = RecordedClock()
    /// Packets of clients and of brokers.
    private(set) var packets = (sent: 0, received: 0)
    /// The first CONNECT of clients that came back to a session of which the recording shows no beginning, and of
    /// those that are wanted.
    private(set) var resumed: [String: Connect] = [:]
    /// Clients that subscribe to anything, by identifier.
    private(set) var subscribers: Set<String> = []
    private(set) var devices = DeviceCensus()
    private(set) var times = RecordedTimes()
    /// Messages whose alias was set before the recording began: nobody knows their topics.
    private(set) var withoutTopic = 0
    /// Clients whose first CONNECT is wanted, whatever the broker answered.
    private let wanted: Set<String>
    private var connections = OpenConnections<Connection>()
    private var known: Set<String> = []

    private struct Connection {
        let peer: Endpoint
        var clientID = ""
        /// It has sent something, and begun with this.
        var isDeclared: Bool?
        /// Of a client that was not seen before.
        var first: Connect?
        var publisher: DeviceCensus.Publisher?
        var exchanges = RecordedTimes.Exchanges()
        /// Topics by alias that its client has set.
        var aliases: [UInt16: [UInt8]] = [:]
    }

    init(wanted: Set<String> = []) { self.wanted = wanted }

    mutating func opened(_ connection: Int, client: Endpoint, at time: Int64) {
        connections.open(connection, Connection(peer: client))
    }

    mutating func identified(_ connection: Int, clientID: String, at time: Int64) {
        guard let place = connections.place(of: connection) else { return }
        connections.states[place].clientID = clientID
        connections.states[place].publisher = nil
    }

    mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan) {
        guard let place = connections.place(of: packet.connection) else { return }
        if !packet.isInferred {
            times.note(
                packet, of: connections.states[place].clientID, &connections.states[place].exchanges
            )
        }
        guard packet.direction == .toBroker else {
            packets.received += 1
            if case .other(.connack(let connack)) = packet.content { answered(connack, place) }
            return
        }
        if case .other(.connect(let connect)) = packet.content {
            connected(connect, place, at: packet.time)
            return
        }
        guard packet.type != .auth else { return }
        packets.sent += 1
        if connections.states[place].isDeclared == nil {
            connections.states[place].isDeclared = false
        }
        clock.note(packet.time)
        switch packet.content {
        case .publish(let header): published(header, bytes, place)
        case .other(.subscribe): subscribers.insert(connections.states[place].clientID)
        default: break
        }
    }

    mutating func closed(
        _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64
    ) {
        guard let place = connections.place(of: connection) else { return }
        let state = connections.states[place]
        if ending != .endOfCapture { clock.note(time) }
        if state.isDeclared != true {
            undeclared[connection] = Trace.Connection(
                clientID: state.clientID, version: version, peer: state.peer, connectSeen: false)
        }
        connections.close(connection, leaving: Connection(peer: state.peer))
    }

    private mutating func connected(_ connect: Connect, _ place: Int, at time: Int64) {
        guard connections.states[place].isDeclared == nil else { return }
        clock.note(time)
        packets.sent += 1
        connections.states[place].isDeclared = true
        connections.states[place].clientID = connect.clientID
        guard !connect.clientID.isEmpty, known.insert(connect.clientID).inserted else { return }
        if wanted.contains(connect.clientID) { resumed[connect.clientID] = connect.withoutSecrets }
        if !connect.cleanStart { connections.states[place].first = connect.withoutSecrets }
    }

    private mutating func answered(_ connack: Connack, _ place: Int) {
        if connack.sessionPresent, let first = connections.states[place].first {
            resumed[first.clientID] = first
        }
        connections.states[place].first = nil
    }

    private mutating func published(_ header: PublishHeader, _ bytes: RawSpan, _ place: Int) {
        let alias = header.topicAlias
        let topic: [UInt8]
        if header.topic.isEmpty {
            guard let known = connections.states[place].aliases[alias] else {
                withoutTopic += 1
                return
            }
            topic = known
        } else if alias != 0 {
            topic = bytes.extracting(header.topic).withUnsafeBytes { Array($0) }
            connections.states[place].aliases[alias] = topic
        } else {
            let publisher = self.publisher(place)
            devices.published(bytes.extracting(header.topic), by: publisher)
            return
        }
        let publisher = self.publisher(place)
        topic.withPacket { devices.published($0, by: publisher) }
    }

    private mutating func publisher(_ place: Int) -> DeviceCensus.Publisher {
        if let known = connections.states[place].publisher { return known }
        let publisher = devices.publisher(connections.states[place].clientID)
        connections.states[place].publisher = publisher
        return publisher
    }
}
