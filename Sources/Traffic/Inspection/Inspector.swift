internal import MQTT
internal import Measure

/// Counts what a capture holds.
struct Inspector: TrafficObserver {
    private(set) var packets = [Int](repeating: 0, count: 16)
    private(set) var publish = PublishCounts()
    private(set) var profiles: [ClientProfile] = []
    /// Index in `profiles` by client identifier.
    private var clients: [String: Int] = [:]
    private(set) var subscriptions = DurableSubscriptions()
    private(set) var matchedPublishes = 0
    private(set) var unmatchedPublishes = 0
    /// PUBLISH at QoS 1 from a client to its PUBACK, as the capture saw both.
    private(set) var acknowledgement = LatencyHistogram()
    private var topics = Interner()
    /// Per topic the generation of `subscriptions` that was asked, doubled, plus one if it matched.
    private var answers: [Int] = []
    private var connections: [Connection?] = []

    private struct Connection {
        var client: String?
        /// Index in `profiles`.
        var profile: Int?
        var aliases: [2 of [UInt16: Int]] = [[:], [:]]
        /// Publishes at QoS 1 that wait for their PUBACK, with their times.
        var waiting: [(id: UInt16, since: Int64)] = []
        /// SUBSCRIBE packets that wait for their SUBACK.
        var asked: [UInt16: [String]] = [:]
        var expiry: UInt32?
    }

    /// More than any client has in flight; beyond, latencies are not measured.
    private static let waitingLimit = 1_024

    var topicCount: Int { topics.count }

    mutating func opened(_ connection: Int, client: Endpoint, at time: Int64) {
        precondition(connection == connections.count, "connections are told of in order")
        connections.append(Connection())
    }

    mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan) {
        packets[Int(packet.type.rawValue)] += 1
        switch packet.content {
        case .publish(let header): count(header, packet, bytes)
        case .acknowledgement(let id):
            if packet.type == .puback { acknowledged(id, packet) }
        case .ping: break
        case .other(let other): receive(other, packet)
        }
    }

    mutating func closed(
        _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64
    ) {
        if let client = connections[connection]?.client {
            subscriptions.disconnected(client, expiry: connections[connection]?.expiry, at: time)
        }
        connections[connection] = nil
    }

    private mutating func count(_ header: PublishHeader, _ packet: DecodedPacket, _ bytes: RawSpan)
    {
        publish.add(header)
        let topic = topic(of: header, packet, bytes)
        guard packet.direction == .toBroker else { return }
        subscriptions.expire(at: packet.time)
        if topic.map({ isStored($0) }) ?? false {
            matchedPublishes += 1
        } else {
            unmatchedPublishes += 1
        }
        if header.qos == .atLeastOnce { waitFor(header.packetID, packet) }
        guard let profile = connections[packet.connection]?.profile else { return }
        profiles[profile].publishes += 1
        if header.qos == .exactlyOnce { profiles[profile].publishesAtQoS2 += 1 }
    }

    /// The number of the topic; nil if it is given by an alias that was set before the capture began.
    private mutating func topic(
        of header: PublishHeader, _ packet: DecodedPacket, _ bytes: RawSpan
    ) -> Int? {
        let side = packet.direction == .toBroker ? 0 : 1
        guard !header.topic.isEmpty else {
            return connections[packet.connection]?.aliases[side][header.topicAlias]
        }
        let number = topics.number(of: bytes.extracting(header.topic))
        if header.topicAlias != 0 {
            connections[packet.connection]?.aliases[side][header.topicAlias] = number
        }
        return number
    }

    private mutating func isStored(_ topic: Int) -> Bool {
        while answers.count <= topic { answers.append(-2) }
        if answers[topic] >> 1 != subscriptions.generation {
            let isMatched = topics.withText(topic) { subscriptions.matches($0) }
            answers[topic] = subscriptions.generation << 1 | (isMatched ? 1 : 0)
        }
        return answers[topic] & 1 != 0
    }

    private mutating func waitFor(_ id: UInt16, _ packet: DecodedPacket) {
        guard let waiting = connections[packet.connection]?.waiting.count,
            waiting < Self.waitingLimit
        else { return }
        connections[packet.connection]?.waiting.append((id, packet.time))
    }

    private mutating func acknowledged(_ id: UInt16, _ packet: DecodedPacket) {
        guard packet.direction == .toClient,
            let index = connections[packet.connection]?.waiting.firstIndex(where: { $0.id == id }),
            let since = connections[packet.connection]?.waiting.remove(at: index).since
        else { return }
        acknowledgement.record(Nanoseconds(packet.time - since))
    }

    private mutating func receive(_ other: Packet, _ packet: DecodedPacket) {
        let connection = packet.connection
        switch other {
        case .connect(let connect): connected(connect, connection)
        case .puback(let answer): acknowledged(answer.packetID.rawValue, packet)
        case .disconnect(let disconnect):
            for case .sessionExpiryInterval(let seconds) in disconnect.properties {
                connections[connection]?.expiry = seconds
            }
        default: break
        }
        guard let client = connections[connection]?.client else { return }
        switch other {
        case .connack(let connack):
            subscriptions.answered(client, sessionPresent: connack.sessionPresent)
        case .subscribe(let subscribe):
            let filters = subscribe.subscriptions.map(\.filter)
            subscriptions.subscribe(client, filters)
            connections[connection]?.asked[subscribe.packetID.rawValue] = filters
        case .suback(let suback):
            let asked =
                connections[connection]?.asked.removeValue(forKey: suback.packetID.rawValue) ?? []
            let refused = zip(asked, suback.reasonCodes).filter { $0.1 >= 0x80 }.map(\.0)
            if !refused.isEmpty { subscriptions.unsubscribe(client, refused) }
        case .unsubscribe(let unsubscribe): subscriptions.unsubscribe(client, unsubscribe.filters)
        default: break
        }
    }

    private mutating func connected(_ connect: Connect, _ connection: Int) {
        // Without an identifier every connection is a client of its own.
        let client =
            connect.clientID.isEmpty ? "(unnamed, connection \(connection + 1))" : connect.clientID
        let profile = clients[client] ?? profiles.count
        if profile == profiles.count {
            clients[client] = profile
            profiles.append(ClientProfile(clientID: client))
        }
        profiles[profile].hasWill = connect.will != nil
        if connect.version == .v5, connect.cleanStart, connect.sessionExpiry > 0 {
            profiles[profile].contradictsItself = true
        }
        connections[connection]?.client = client
        connections[connection]?.profile = profile
        subscriptions.connected(connect)
    }
}
