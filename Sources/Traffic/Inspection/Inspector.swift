internal import Layout
internal import MQTT
internal import Measure

/// Counts what recorded traffic holds.
///
/// Memory is bounded by how many connections are open at once, and by the limits of the tables of topics and
/// clients. In the steady state nothing is allocated for a packet.
struct Inspector: TrafficObserver {
    let terms: ForecastTerms
    /// What was known of subscriptions before the first packet.
    let older: OlderSubscriptions
    private(set) var packets = [Int](repeating: 0, count: 16)
    private(set) var publish = PublishCounts()
    private(set) var clients = ClientTable()
    private(set) var table = TopicTable()
    private(set) var subscriptions: DurableSubscriptions
    private(set) var evidence = DeliveryEvidence()
    private(set) var matchedPublishes = 0
    private(set) var unmatchedPublishes = 0
    /// PUBLISH packets of the broker on connections whose CONNECT was not seen.
    private(set) var deliveredToUnknown = 0
    private(set) var profile = ProfileCounts()
    /// PUBLISH at QoS 1 from a client to its PUBACK, as the capture saw both.
    private(set) var acknowledgement = LatencyHistogram()
    private(set) var writes: ShardWrites
    /// Per topic the generation of `subscriptions` that was asked, doubled, plus one if it matched.
    private var answers: [Int] = []
    private var connections = OpenConnections<InspectedConnection>()

    init(
        _ terms: ForecastTerms = .standard, older: OlderSubscriptions = .none
    ) {
        self.terms = terms
        self.older = older
        writes = ShardWrites(terms)
        subscriptions = DurableSubscriptions(storesForQoS0: terms.storesForQoS0)
        for entry in older.entries where terms.storesForQoS0 || entry.qos > .atMostOnce {
            subscriptions.assume(entry.clientID, entry.filter)
        }
    }

    mutating func opened(_ connection: Int, client: Endpoint, at time: Int64) {
        connections.open(connection, InspectedConnection(peer: client))
    }

    mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan) {
        packets[Int(packet.type.rawValue)] += 1
        if case .publish(let header) = packet.content { publish.add(header) }
        // What comes after the end, such as deliveries behind a DISCONNECT, is counted and no more.
        guard let place = connections.place(of: packet.connection) else { return }
        switch packet.content {
        case .publish(let header):
            if packet.direction == .toBroker {
                sent(header, packet, bytes, place)
            } else {
                delivered(header, packet, bytes, place)
            }
        case .acknowledgement(let id):
            if packet.type == .puback { acknowledged(id, packet, place) }
        case .ping: break
        case .other(let other): receive(other, packet, place)
        }
    }

    mutating func closed(
        _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64
    ) {
        guard let place = connections.place(of: connection) else { return }
        let state = connections.states[place]
        if let client = state.client {
            if ending != .endOfCapture {
                subscriptions.disconnected(client, on: connection, expiry: state.expiry, at: time)
            }
            if state.isOlder { evidence.closed(client, at: time) }
        }
        connections.close(connection, leaving: InspectedConnection(peer: state.peer))
    }

    /// A PUBLISH of a client.
    private mutating func sent(
        _ header: PublishHeader, _ packet: DecodedPacket, _ bytes: RawSpan, _ place: Int
    ) {
        profile.sent(header, at: packet.time)
        subscriptions.expire(at: packet.time)
        let number = topic(of: header, packet, bytes, place)
        var isHeld = false
        if let number {
            isHeld = isStored(number)
            table.published(number, header, bytes, at: packet.time)
        } else if !header.topic.isEmpty {
            isHeld = subscriptions.matches(bytes.extracting(header.topic))
        }
        if isHeld { matchedPublishes += 1 } else { unmatchedPublishes += 1 }
        if isHeld || terms.storesAll {
            store(header, packet, bytes, number, place, isHeld: isHeld)
        }
        if header.qos == .atLeastOnce {
            connections.states[place].waitFor(header.packetID, at: packet.time)
        }
        guard let habits = connections.states[place].habits else { return }
        let named = number.flatMap { table.tallies[$0].named }
        let asks = header.qos == .atLeastOnce && (named?.isHarmedByRepetition == true || header.dup)
        clients.habits[habits].published(
            header,
            ClientHabits.Circumstances(
                topicClass: named, version: packet.version, isHeld: isHeld,
                isIdentified: asks && EventIdentity.isIn(bytes, header),
                longestUseful: terms.longestUsefulExpiry))
    }

    /// What the messages so far would write, shard by shard.
    mutating func countWrites() -> [WriteCounts] { writes.finish() }

    private mutating func store(
        _ header: PublishHeader, _ packet: DecodedPacket, _ bytes: RawSpan, _ number: Int?,
        _ place: Int, isHeld: Bool
    ) {
        // A broker closes the connection of a client that sends one [MQTT-3.3.4-6].
        guard !header.hasSubscriptionIdentifier else { return }
        let (publisher, shard) =
            connections.states[place].publisher(packet.version)
            ?? makePublisher(packet.version, place)
        func store(_ topic: RawSpan) {
            if isHeld { subscriptions.stored(topic, bytes: header.payload.count) }
            writes.store(
                header, in: bytes, topic: topic, from: publisher, shard: shard, at: packet.time)
        }
        if !header.topic.isEmpty {
            store(bytes.extracting(header.topic))
        } else if let number {
            table.topics.withText(number) { store($0) }
        }
    }

    private mutating func makePublisher(
        _ version: ProtocolVersion, _ place: Int
    ) -> (PublisherHeader, Int) {
        let shard = writes.shard(of: connections.states[place].publisherID)
        let header = connections.states[place].header(version, terms.format)
        connections.states[place].made = (header, shard)
        return (header, shard)
    }

    /// A PUBLISH of the broker.
    private mutating func delivered(
        _ header: PublishHeader, _ packet: DecodedPacket, _ bytes: RawSpan, _ place: Int
    ) {
        profile.delivered(header)
        if connections.states[place].client == nil { deliveredToUnknown += 1 }
        let number = topic(of: header, packet, bytes, place)
        guard connections.states[place].isOlder, let client = connections.states[place].client,
            let number, evidence.delivered(number, to: client)
        else { return }
        let isExplained = table.topics.withText(number) {
            subscriptions.matches($0, for: client)
        }
        guard !isExplained else { return }
        evidence.isUnexplained(number, to: client)
        // What somebody wrote down is not put right, only doubted.
        guard older.source != .given, let filter = try? TopicFilter(table.text(of: number)) else {
            return
        }
        subscriptions.assume(client, filter)
    }

    /// The number of the topic; nil if it is given by an alias that was set before the capture began, or if
    /// there are too many.
    private mutating func topic(
        of header: PublishHeader, _ packet: DecodedPacket, _ bytes: RawSpan, _ place: Int
    ) -> Int? {
        let side = packet.direction == .toBroker ? 0 : 1
        guard !header.topic.isEmpty else {
            return connections.states[place].aliases[side][header.topicAlias]
        }
        let number = table.number(of: bytes.extracting(header.topic))
        if header.topicAlias != 0 {
            connections.states[place].aliases[side][header.topicAlias] = number
        }
        return number
    }

    private mutating func isStored(_ topic: Int) -> Bool {
        while answers.count <= topic { answers.append(-2) }
        if answers[topic] >> 1 != subscriptions.generation {
            let isMatched = table.topics.withText(topic) { subscriptions.matches($0) }
            answers[topic] = subscriptions.generation << 1 | (isMatched ? 1 : 0)
        }
        return answers[topic] & 1 != 0
    }

    private mutating func acknowledged(_ id: UInt16, _ packet: DecodedPacket, _ place: Int) {
        guard packet.direction == .toClient,
            let since = connections.states[place].answered(id)
        else { return }
        let latency = max(0, packet.time &- since)
        acknowledgement.record(Nanoseconds(latency))
        profile.latencies.answered(after: latency, at: packet.time)
    }

    private mutating func receive(_ other: Packet, _ packet: DecodedPacket, _ place: Int) {
        switch other {
        case .connect(let connect): connected(connect, packet, place)
        case .puback(let answer): acknowledged(answer.packetID.rawValue, packet, place)
        case .disconnect(let disconnect) where packet.direction == .toBroker:
            for case .sessionExpiryInterval(let seconds) in disconnect.properties {
                connections.states[place].expiry = seconds
            }
        default: break
        }
        guard let client = connections.states[place].client else { return }
        switch other {
        case .connack(let connack): answered(client, connack, packet, place)
        case .subscribe(let subscribe):
            subscriptions.subscribe(client, subscribe.subscriptions)
            connections.states[place].asked(subscribe)
        case .suback(let suback):
            let refused = connections.states[place].refused(suback)
            if !refused.isEmpty { subscriptions.unsubscribe(client, refused) }
        case .unsubscribe(let unsubscribe): subscriptions.unsubscribe(client, unsubscribe.filters)
        default: break
        }
    }

    private mutating func connected(_ connect: Connect, _ packet: DecodedPacket, _ place: Int) {
        // Without an identifier every connection is a client of its own.
        let client =
            connect.clientID.isEmpty
            ? "(unnamed, connection \(packet.connection + 1))" : connect.clientID
        // A second CONNECT on one connection is a mistake that brokers answer by closing it.
        guard connections.states[place].client == nil else { return }
        profile.sessions.add(connect)
        subscriptions.expire(at: packet.time)
        connections.states[place].connected(
            connect, as: client, clients.connected(client, connect))
        subscriptions.connected(connect, on: packet.connection, at: packet.time)
    }

    private mutating func answered(
        _ client: String, _ connack: Connack, _ packet: DecodedPacket, _ place: Int
    ) {
        profile.sessions.add(connack)
        for case .assignedClientIdentifier(let name) in connack.properties {
            connections.states[place].publisherID = name
        }
        if subscriptions.answered(client, sessionPresent: connack.sessionPresent) {
            connections.states[place].isOlder = true
            evidence.resumed(client, at: packet.time)
        }
    }
}
