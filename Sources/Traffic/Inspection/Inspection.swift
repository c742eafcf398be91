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
    package internal(set) var persisted: PersistedCounts
    /// nil if the capture shows no PUBLISH at QoS 1 together with its PUBACK.
    package let pubackLatency: LatencySummary?
    package internal(set) var profile: TrafficProfile
    /// Classes that have any publishes, in the order of the decision table.
    package internal(set) var topicClasses: [TopicClassReport]
    package internal(set) var findings: [Finding]
    package let forecast: Forecast

    enum CodingKeys: String, CodingKey {
        case captures, spanSeconds = "span_seconds", tcpStreams = "tcp_streams", connections,
            clients, packets
        case malformedPackets = "malformed_packets", publish, quality, persisted
        case pubackLatency = "puback_latency", profile, topicClasses = "topic_classes", findings
        case forecast
    }

    /// Reads captures that belong together, oldest first. Where sessions turn out to be older than the
    /// capture, their subscriptions are inferred and the files are read once more; standard input cannot be.
    ///
    /// - Parameter terms: the broker that the forecast is for.
    /// - Throws: `.noMQTT` if nothing was found, and whatever is wrong with a file.
    package init(
        captures paths: [String], options: ReadingOptions = ReadingOptions(),
        terms: ForecastTerms = .standard
    ) throws(CaptureError) {
        let older = OlderSubscriptions(options)
        var read = try Self.read(paths, terms, older, options)
        if let inferred = OlderSubscriptions(inferredFrom: read.inspector, paths) {
            read = try Self.read(paths, terms, inferred, options)
        }
        try self.init(
            read.reading.summaries, read.reading.tally, read.inspector,
            given: options.subscriptions)
    }

    private static func read(
        _ paths: [String], _ terms: ForecastTerms, _ older: OlderSubscriptions,
        _ options: ReadingOptions
    ) throws(CaptureError) -> (reading: TrafficReading<Relay<Inspector>>, inspector: Inspector) {
        let reading = try TrafficReading(
            paths, Relay(Inspector(terms, older: older)), options: options)
        return (reading, reading.observer.end())
    }

    init(
        _ captures: [CaptureSummary], _ tally: FrameTally, _ inspector: Inspector,
        given: GivenSubscriptions? = nil
    ) throws(CaptureError) {
        guard tally.streams > 0 else {
            throw .noMQTT(
                paths: captures.map(\.path), frames: tally.frames,
                doubts: tally.doubtsWithoutMQTT(captures))
        }
        var inspector = inspector
        let span = max(0, tally.lastTime &- tally.firstTime)
        let seconds = Double(span) * 1e-9
        self.captures = captures
        spanSeconds = seconds
        tcpStreams = tally.streams
        connections = tally.streams
        clients = inspector.clients.total
        packets = Dictionary(
            uniqueKeysWithValues: PacketType.allCases.map {
                ($0.name, inspector.packets[Int($0.rawValue)])
            })
        malformedPackets = tally.quality.malformedPackets
        publish = inspector.publish.with(topics: inspector.table.count.topics)
        persisted = PersistedCounts(inspector)
        pubackLatency = LatencySummary(inspector.acknowledgement)
        profile = TrafficProfile(
            inspector, packets: inspector.packets.reduce(0, +), span: span)
        topicClasses = TopicClassReport.all(
            inspector.table, meanPayload: profile.payload?.mean ?? 0, seconds: seconds)
        findings = LintRule.findings(
            inspector.clients.habits,
            CaptureSigns(
                latencyClimbsWithDuplicates: profile.pubackDrift?.climbsWithDuplicates ?? false,
                knowsDurableSessions: inspector.older.source == .given
                    || inspector.deliveredToUnknown == 0),
            seconds: seconds)
        quality = CaptureQuality(captures, tally, inspector, given)
        let counts = inspector.countWrites()
        forecast = Forecast(
            counts, leftOut: inspector.writes.leftOut,
            snappyRatio: inspector.writes.rows.snappyRatio,
            seconds: seconds, peak: profile.burst.peakToMean1s, inspector.terms)
    }

    /// Without what belongs to somebody: examples of client identifiers, topics and filters.
    package var redacted: Inspection {
        var inspection = self
        for index in inspection.findings.indices { inspection.findings[index].examples = [] }
        for index in inspection.topicClasses.indices {
            inspection.topicClasses[index].patterns = []
        }
        inspection.profile.topicTree.patterns = []
        inspection.persisted.filters = []
        return inspection
    }

    /// Whether any rule that is more than a hint was broken.
    package var hasFindings: Bool { findings.contains { $0.severity >= .warning } }
}
