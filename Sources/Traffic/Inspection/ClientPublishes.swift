package import MQTT

/// Who publishes on a connection, as far as the capture has shown it by now.
package struct CapturedPublisher: Hashable, Sendable {
    /// Empty if no CONNECT was seen, and if the broker assigned one that it told nobody.
    package fileprivate(set) var clientID = ""
    package fileprivate(set) var username: String?
    package fileprivate(set) var version = ProtocolVersion.v3_1_1
    /// Address and port as they were on the wire.
    package let peer: Endpoint
    package fileprivate(set) var connectSeen = false
}

/// A PUBLISH that a client sent, as a broker takes it in.
package struct CapturedPublish: Sendable {
    /// Counts from 0 in the order in which connections were found.
    package let connection: Int
    package let publisher: CapturedPublisher
    /// Ranges are offsets in the packet.
    package let header: PublishHeader
    /// Whether a durable subscription that is known matched at that moment.
    package let isMatched: Bool
}

/// What became of the PUBLISH packets that clients sent.
package struct CapturedPublishes: Sendable {
    package let inspection: Inspection
    /// Handed over.
    package let taken: Int
    /// Well-formed packets that a broker answers by closing the connection: with an alias that was never
    /// given a topic in the capture, or a subscription identifier, which only a broker may send.
    package let refused: Int

    /// Reads captures that belong together, oldest first, and hands over every PUBLISH from a client in
    /// the order of the frames that completed them, whatever their connections; repeated ones (DUP) are
    /// told like any other, wills are not. Packets that no version allows, such as a topic with wildcards,
    /// are left out; the inspection counts them.
    ///
    /// Files are read once before, to infer subscriptions that are older than the captures; standard input
    /// cannot be, so what came before the first delivery to such a session counts as not matched.
    ///
    /// - Parameters:
    ///   - terms: the broker that `inspection` forecasts for.
    ///   - body: gets the topic with its alias resolved, and the whole packet.
    /// - Throws: `.noMQTT` if nothing was found, and whatever is wrong with a file.
    package init(
        captures paths: [String], options: ReadingOptions = ReadingOptions(),
        terms: ForecastTerms = .standard,
        _ body: @escaping (_ publish: CapturedPublish, _ topic: RawSpan, _ packet: RawSpan) -> Void
    ) throws(CaptureError) {
        var older = OlderSubscriptions(options)
        if older.source == .capture, !paths.contains("-") {
            let first = try TrafficReading(paths, Inspector(terms), options: options)
            older = OlderSubscriptions(inferredFrom: first.observer, paths) ?? older
        }
        let inspector = Inspector(terms, older: older)
        let reading = try TrafficReading(paths, Uplink(inspector, body), options: options)
        let uplink = reading.observer
        inspection = try Inspection(
            reading.summaries, reading.tally, uplink.inspector, given: options.subscriptions)
        (taken, refused) = (uplink.taken, uplink.refused)
    }
}

/// Follows publishers and topic aliases; what is durable the inspector knows.
private struct Uplink: TrafficObserver {
    private(set) var inspector: Inspector
    private(set) var taken = 0
    private(set) var refused = 0
    private let body: (CapturedPublish, RawSpan, RawSpan) -> Void
    private var connections = OpenConnections<Connection>()

    private struct Connection {
        var publisher: CapturedPublisher
        var aliases: [UInt16: [UInt8]] = [:]
    }

    init(
        _ inspector: Inspector, _ body: @escaping (CapturedPublish, RawSpan, RawSpan) -> Void
    ) {
        self.inspector = inspector
        self.body = body
    }

    mutating func opened(_ connection: Int, client: Endpoint, at time: Int64) {
        inspector.opened(connection, client: client, at: time)
        connections.open(connection, Connection(publisher: CapturedPublisher(peer: client)))
    }

    mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan) {
        let matchedBefore = inspector.matchedPublishes
        inspector.received(packet, bytes)
        guard let place = connections.place(of: packet.connection) else { return }
        switch packet.content {
        case .publish(let header) where packet.direction == .toBroker:
            take(
                header, packet, bytes, place,
                isMatched: inspector.matchedPublishes != matchedBefore)
        case .other(.connect(let connect)): connected(connect, place)
        case .other(.connack(let connack)):
            for case .assignedClientIdentifier(let name) in connack.properties {
                connections.states[place].publisher.clientID = name
            }
        default: break
        }
    }

    mutating func closed(
        _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64
    ) {
        inspector.closed(connection, version: version, ending, at: time)
        guard let place = connections.place(of: connection) else { return }
        let peer = connections.states[place].publisher.peer
        connections.close(
            connection, leaving: Connection(publisher: CapturedPublisher(peer: peer)))
    }

    private mutating func connected(_ connect: Connect, _ place: Int) {
        // A second CONNECT on one connection is a mistake that brokers answer by closing it.
        guard !connections.states[place].publisher.connectSeen else { return }
        connections.states[place].publisher.clientID = connect.clientID
        connections.states[place].publisher.username = connect.username
        connections.states[place].publisher.connectSeen = true
    }

    private mutating func take(
        _ header: PublishHeader, _ packet: DecodedPacket, _ bytes: RawSpan, _ place: Int,
        isMatched: Bool
    ) {
        var publisher = connections.states[place].publisher
        // Where no CONNECT was seen, packets tell by and by.
        publisher.version = packet.version
        let publish = CapturedPublish(
            connection: packet.connection, publisher: publisher, header: header,
            isMatched: isMatched)
        guard !header.hasSubscriptionIdentifier else {  // [MQTT-3.3.4-6]
            refused += 1
            return
        }
        if !header.topic.isEmpty {
            let topic = bytes.extracting(header.topic)
            if header.topicAlias != 0 {
                connections.states[place].aliases[header.topicAlias] = topic.withUnsafeBytes {
                    Array($0)
                }
            }
            taken += 1
            body(publish, topic, bytes)
        } else if let topic = connections.states[place].aliases[header.topicAlias] {
            taken += 1
            body(publish, topic.span.bytes, bytes)
        } else {
            refused += 1
        }
    }
}
