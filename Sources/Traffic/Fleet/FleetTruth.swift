internal import MQTT

/// What is true of traffic that a fleet has made: what any reader of it has to find, and who commits which pitfall.
package struct FleetTruth: Codable, Equatable, Sendable {
    package let figures: FleetFigures
    /// By the name of the lint rule.
    package let pitfalls: [String: PitfallTruth]

    /// Client identifiers, sorted.
    package struct PitfallTruth: Codable, Equatable, Sendable {
        /// Told to commit it.
        package let told: [String]
        /// Whose packets show it, told or not. Who was told and does not had no occasion.
        package let shown: [String]
    }

    private enum CodingKeys: String, CodingKey { case pitfalls }

    package init(from decoder: any Swift.Decoder) throws {
        figures = try FleetFigures(from: decoder)
        pitfalls = try decoder.container(keyedBy: CodingKeys.self)
            .decode([String: PitfallTruth].self, forKey: .pitfalls)
    }

    /// One block of keys.
    package func encode(to encoder: any Encoder) throws {
        try figures.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(pitfalls, forKey: .pitfalls)
    }
}

/// What there is in traffic that a fleet has made.
package struct FleetFigures: Codable, Equatable, Sendable {
    package let fleet: String
    package let seed: UInt64
    /// ISO 8601, UTC.
    package let start: String
    package let durationSeconds: Double
    package let clients: Int
    /// TCP connections on which MQTT was spoken.
    package let connections: Int
    /// By the name that the specification gives them, in both directions.
    package let packets: [String: Int]
    /// PUBLISH from clients, repetitions included.
    package let published: ByQoS
    /// PUBLISH to clients, repetitions included.
    package let delivered: ByQoS
    /// PUBLISH of both directions with RETAIN.
    package let retained: Int
    /// PUBLISH from and to clients with DUP.
    package let duplicatesPublished: Int
    package let duplicatesDelivered: Int
    /// Of all PUBLISH packets.
    package let payloadBytes: Int
    /// Of all packets.
    package let mqttBytes: Int
    package let messages: [MessageTruth]
    /// Wills that were published.
    package let wills: Int
    /// Connections that ended because their client came back on another.
    package let takeovers: Int
    /// Deliveries that never were because the queue of the session was full, or the message had expired.
    package let overflowedDeliveries: Int
    package let expiredDeliveries: Int

    enum CodingKeys: String, CodingKey {
        case fleet, seed, start, durationSeconds = "duration_s", clients, connections, packets
        case published, delivered, retained, duplicatesPublished = "duplicates_published"
        case duplicatesDelivered = "duplicates_delivered", payloadBytes = "payload_bytes"
        case mqttBytes = "mqtt_bytes", messages, wills, takeovers
        case overflowedDeliveries = "overflowed_deliveries"
        case expiredDeliveries = "expired_deliveries"
    }

    package struct ByQoS: Codable, Equatable, Sendable {
        package let qos0: Int
        package let qos1: Int
        package let qos2: Int

        init(_ counts: [Int]) { (qos0, qos1, qos2) = (counts[0], counts[1], counts[2]) }

        package var sum: Int { qos0 + qos1 + qos2 }
    }

    /// One kind of message of one group.
    package struct MessageTruth: Codable, Equatable, Sendable {
        package let group: String
        package let message: String
        package let role: String
        /// Messages that the schedule asked for.
        package let planned: Int
        /// Messages that reached the wire.
        package let sent: Int
        /// PUBLISH packets beyond the first of each message.
        package let repeated: Int
        /// At QoS 0, while there was no connection.
        package let lost: Int
        /// Pushed out of a full buffer.
        package let dropped: Int
        /// Still in a client's buffer at the end.
        package let waiting: Int
    }
}

extension FleetTruth {
    init<Observer>(_ run: FleetRun<Observer>, seed: UInt64) {
        figures = FleetFigures(run, seed: seed)
        pitfalls = Dictionary(
            uniqueKeysWithValues: Pitfalls.catalogue.map {
                ($0.name, PitfallTruth(run, $0.pitfall))
            })
    }
}

extension FleetFigures {
    fileprivate init<Observer>(_ run: FleetRun<Observer>, seed: UInt64) {
        let (fleet, tally) = (run.fleet, run.tally)
        self.fleet = fleet.name
        self.seed = seed
        start = WallClock.text(fleet.start)
        durationSeconds = Double(fleet.duration) * 1e-9
        clients = run.clients.count
        connections = tally.connections
        packets = Dictionary(
            uniqueKeysWithValues: PacketType.allCases.map { type in
                let place = Int(type.rawValue)
                return (type.name, tally.packets[0][place] + tally.packets[1][place])
            })
        published = ByQoS(tally.publishes[0])
        delivered = ByQoS(tally.publishes[1])
        retained = tally.retained
        duplicatesPublished = tally.repeated[0]
        duplicatesDelivered = tally.repeated[1]
        payloadBytes = tally.payloadBytes
        mqttBytes = tally.bytes
        messages = fleet.groups.indices.flatMap { Self.messages(run, group: $0) }
        wills = tally.wills
        takeovers = tally.takeovers
        overflowedDeliveries = tally.overflowed
        expiredDeliveries = tally.expired
    }

    private static func messages<Observer>(
        _ run: FleetRun<Observer>, group: Int
    ) -> [MessageTruth] {
        var waiting = [Int](repeating: 0, count: run.fleet.groups[group].messages.count)
        for client in run.members[group] {
            run.clients[client].waiting.forEach { waiting[Int($0.kind)] += 1 }
        }
        return run.fleet.groups[group].messages.enumerated().map { number, kind in
            let tally = run.tally.kinds[group][number]
            return MessageTruth(
                group: run.fleet.groups[group].name, message: kind.name,
                role: kind.role.rawValue, planned: tally.planned, sent: tally.sent,
                repeated: tally.repeated, lost: tally.lost, dropped: tally.dropped,
                waiting: waiting[number])
        }
    }
}

extension FleetTruth.PitfallTruth {
    fileprivate init<Observer>(_ run: FleetRun<Observer>, _ pitfall: Pitfalls) {
        func names(_ isGuilty: (FleetClient) -> Bool) -> [String] {
            run.clients.filter(isGuilty)
                .map { String(decoding: $0.subject.device, as: UTF8.self) }.sorted()
        }
        told = names { $0.pitfalls.contains(pitfall) }
        shown = names { $0.mistakes.contains(pitfall) }
    }
}
