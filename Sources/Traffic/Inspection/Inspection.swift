internal import MQTT
internal import Measure

/// What captures hold and what they are worth: the value behind `dstune inspect`.
package struct Inspection: Codable, Equatable, Sendable {
    /// Oldest first.
    package let captures: [CaptureSummary]
    /// From the first frame to the last, of whatever kind.
    package let spanSeconds: Double
    /// TCP connections on which MQTT was found.
    package let tcpStreams: Int
    package let connections: Int
    /// Different client identifiers; an empty one counts as a client each time.
    package let clients: Int
    /// All fifteen types by the name that the specification gives them, in both directions.
    package let packets: [String: Int]
    /// Packets that no version allows; they are in no other number.
    package let malformedPackets: Int
    /// In both directions.
    package let publish: PublishCounts
    package let quality: CaptureQuality
    package let persisted: PersistedCounts
    /// nil if the capture shows no PUBLISH at QoS 1 together with its PUBACK.
    package let pubackLatency: LatencySummary?
    package let findings: [Finding]

    enum CodingKeys: String, CodingKey {
        case captures, spanSeconds = "span_seconds", tcpStreams = "tcp_streams", connections,
            clients, packets
        case malformedPackets = "malformed_packets", publish, quality, persisted
        case pubackLatency = "puback_latency", findings
    }

    /// Reads captures that belong together, oldest first.
    /// - Throws: `.noMQTT` if nothing was found, and whatever is wrong with a file.
    package init(captures paths: [String]) throws(CaptureError) {
        let reading = try TrafficReading(paths, Inspector())
        try self.init(reading.summaries, reading.tally, reading.observer)
    }

    init(_ captures: [CaptureSummary], _ tally: FrameTally, _ inspector: Inspector)
        throws(CaptureError)
    {
        guard tally.streams > 0 else {
            throw .noMQTT(
                paths: captures.map(\.path), frames: tally.frames,
                doubts: tally.doubtsWithoutMQTT(captures))
        }
        self.captures = captures
        spanSeconds = Double(max(0, tally.lastTime - tally.firstTime)) * 1e-9
        tcpStreams = tally.streams
        connections = tally.streams
        clients = inspector.profiles.count
        packets = Dictionary(
            uniqueKeysWithValues: PacketType.allCases.map {
                ($0.name, inspector.packets[Int($0.rawValue)])
            })
        malformedPackets = tally.quality.malformedPackets
        publish = inspector.publish.with(topics: inspector.topicCount)
        quality = CaptureQuality(captures, tally, inspector)
        persisted = PersistedCounts(
            matchedPublishes: inspector.matchedPublishes,
            unmatchedPublishes: inspector.unmatchedPublishes)
        pubackLatency = LatencySummary(inspector.acknowledgement)
        findings = LintRule.findings(inspector.profiles)
    }
}

/// PUBLISH packets by what they ask for.
package struct PublishCounts: Codable, Equatable, Sendable {
    package private(set) var qos0 = 0
    package private(set) var qos1 = 0
    package private(set) var qos2 = 0
    package private(set) var retain = 0
    package private(set) var dup = 0
    package private(set) var payloadBytes = 0
    /// Different topics.
    package private(set) var topics = 0

    enum CodingKeys: String, CodingKey {
        case qos0, qos1, qos2, retain, dup, payloadBytes = "payload_bytes", topics
    }

    mutating func add(_ header: PublishHeader) {
        switch header.qos {
        case .atMostOnce: qos0 += 1
        case .atLeastOnce: qos1 += 1
        case .exactlyOnce: qos2 += 1
        }
        if header.retain { retain += 1 }
        if header.dup { dup += 1 }
        payloadBytes += header.payload.count
    }

    func with(topics: Int) -> PublishCounts {
        var counts = self
        counts.topics = topics
        return counts
    }
}

/// PUBLISH packets from clients, by whether a durable subscription that the capture shows matched then.
package struct PersistedCounts: Codable, Equatable, Sendable {
    package let matchedPublishes: Int
    package let unmatchedPublishes: Int

    enum CodingKeys: String, CodingKey {
        case matchedPublishes = "matched_publishes", unmatchedPublishes = "unmatched_publishes"
    }
}

/// A histogram in a few numbers, in microseconds.
package struct LatencySummary: Codable, Equatable, Sendable {
    package let count: UInt64
    package let p50: Double
    package let p99: Double
    package let maximum: Double

    enum CodingKeys: String, CodingKey {
        case count, p50 = "p50_us", p99 = "p99_us", maximum = "max_us"
    }

    init?(_ histogram: LatencyHistogram) {
        guard let p50 = histogram.percentile(50), let p99 = histogram.percentile(99),
            let maximum = histogram.maximum
        else { return nil }
        count = histogram.count
        (self.p50, self.p99, self.maximum) = (
            p50.seconds * 1e6, p99.seconds * 1e6, maximum.seconds * 1e6
        )
    }
}
