internal import MQTT
internal import Measure

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

/// PUBLISH packets from clients, by whether a durable subscription that is known matched then.
package struct PersistedCounts: Codable, Equatable, Sendable {
    /// How subscriptions that are older than the capture are known.
    package enum Source: String, Codable, Sendable {
        /// They are not: only what the capture itself shows counts.
        case capture
        /// From what their sessions were delivered.
        case inferred
        /// From a file.
        case given
    }

    /// A topic filter, and how many durable sessions are subscribed to it at the end.
    package struct Filter: Codable, Equatable, Sendable {
        package let filter: String
        package let sessions: Int
    }

    package let matchedPublishes: Int
    package let unmatchedPublishes: Int
    /// Of all publishes from clients, how many are matched; 0 if there are none.
    package let matchedShare: Double
    package let source: Source
    /// Durable sessions that are known at the end of the capture.
    package let durableSessions: Int
    /// Different filters that they are subscribed to.
    package let filterCount: Int
    /// Of these the twenty with most sessions.
    package internal(set) var filters: [Filter]

    enum CodingKeys: String, CodingKey {
        case matchedPublishes = "matched_publishes", unmatchedPublishes = "unmatched_publishes"
        case matchedShare = "matched_share", source, durableSessions = "durable_sessions",
            filterCount = "filter_count", filters
    }

    private static let shown = 20

    init(_ inspector: Inspector) {
        matchedPublishes = inspector.matchedPublishes
        unmatchedPublishes = inspector.unmatchedPublishes
        matchedShare =
            Double(matchedPublishes) / Double(max(1, matchedPublishes + unmatchedPublishes))
        source =
            inspector.older.source == .capture && inspector.evidence.unexplained > 0
            ? .inferred : inspector.older.source
        durableSessions = inspector.subscriptions.count
        let known = inspector.subscriptions.filters
        filterCount = known.count
        filters = known.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(Self.shown).map {
            Filter(filter: $0.key, sessions: $0.value)
        }
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
