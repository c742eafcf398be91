/// What the traffic of the clients is like. Rates are means over the capture.
package struct TrafficProfile: Codable, Equatable, Sendable {
    /// Nil for a capture without length.
    package let rate: Rate?
    package let burst: Burst
    /// Of publishes from clients; nil if there are none.
    package let payload: Sizes?
    package let qosMix: QoSMix
    package let duplicates: Duplicates
    package internal(set) var topicTree: TopicTree
    package let sessions: Sessions
    package let absences: AbsenceProfile
    /// Nil if the capture shows too few PUBACKs.
    package let pubackDrift: LatencyDrift?

    enum CodingKeys: String, CodingKey {
        case rate, burst, payload, qosMix = "qos_mix", duplicates, topicTree = "topic_tree"
        case sessions, absences, pubackDrift = "puback_drift"
    }

    /// Of clients, per second.
    package struct Rate: Codable, Equatable, Sendable {
        package let publishes: Double
        package let payloadBytes: Double
        /// Packets of all types in both directions.
        package let packets: Double

        enum CodingKeys: String, CodingKey {
            case publishes = "publishes_per_s", payloadBytes = "payload_bytes_per_s"
            case packets = "packets_per_s"
        }
    }

    /// The most publishes from clients in one window, and how many times the mean that is; the latter is nil
    /// for windows as long as the capture.
    package struct Burst: Codable, Equatable, Sendable {
        package let peakIn10ms: Int
        package let peakIn1s: Int
        package let peakIn1min: Int
        package let peakToMean10ms: Double?
        package let peakToMean1s: Double?
        package let peakToMean1min: Double?

        enum CodingKeys: String, CodingKey {
            case peakIn10ms = "peak_publishes_10ms", peakIn1s = "peak_publishes_1s"
            case peakIn1min = "peak_publishes_1min", peakToMean10ms = "peak_to_mean_10ms"
            case peakToMean1s = "peak_to_mean_1s", peakToMean1min = "peak_to_mean_1min"
        }
    }

    /// Bytes; percentiles at most 3.2 % too high.
    package struct Sizes: Codable, Equatable, Sendable {
        package let minimum: Int
        package let mean: Double
        package let p50: Int
        package let p90: Int
        package let p99: Int
        package let maximum: Int

        enum CodingKeys: String, CodingKey {
            case minimum = "min_bytes", mean = "mean_bytes", p50 = "p50_bytes", p90 = "p90_bytes"
            case p99 = "p99_bytes", maximum = "max_bytes"
        }
    }

    /// Shares of the publishes from clients.
    package struct QoSMix: Codable, Equatable, Sendable {
        package let qos0: Double
        package let qos1: Double
        package let qos2: Double
    }

    /// Publishes with DUP, by who repeated them.
    package struct Duplicates: Codable, Equatable, Sendable {
        package let fromClients: Int
        package let fromBroker: Int

        enum CodingKeys: String, CodingKey {
            case fromClients = "from_clients", fromBroker = "from_broker"
        }
    }

    package struct TopicTree: Codable, Equatable, Sendable {
        package struct Level: Codable, Equatable, Sendable {
            /// From 1.
            package let level: Int
            package let distinct: Int
            /// Otherwise estimated, with a standard error of 1.6 %.
            package let isExact: Bool

            enum CodingKeys: String, CodingKey { case level, distinct, isExact = "exact" }
        }

        package struct Pattern: Codable, Equatable, Sendable {
            package let pattern: String
            package let topics: Int
            package let publishes: Int
        }

        package let topics: Int
        package let isExact: Bool
        package let levels: [Level]
        /// At most 24 by publishes from clients, with `+` for levels that enumerate.
        package internal(set) var patterns: [Pattern]

        enum CodingKeys: String, CodingKey {
            case topics, isExact = "exact", levels, patterns
        }
    }
}

extension TrafficProfile.Sizes {
    init?(_ sizes: SizeDistribution) {
        guard let p50 = sizes.percentile(50), let p90 = sizes.percentile(90),
            let p99 = sizes.percentile(99)
        else { return nil }
        minimum = sizes.minimum
        mean = sizes.mean
        (self.p50, self.p90, self.p99) = (p50, p90, p99)
        maximum = sizes.maximum
    }
}

extension TrafficProfile.Burst {
    /// - Parameter span: nanoseconds.
    package init(_ windows: BurstWindows, span: Int64) {
        let arrivals = windows.arrivals
        peakIn10ms = windows.tenMilliseconds.peak
        peakIn1s = windows.second.peak
        peakIn1min = windows.minute.peak
        peakToMean10ms = windows.tenMilliseconds.peakToMean(of: arrivals, in: span)
        peakToMean1s = windows.second.peakToMean(of: arrivals, in: span)
        peakToMean1min = windows.minute.peakToMean(of: arrivals, in: span)
    }
}

extension TrafficProfile.TopicTree {
    private static let shown = 24

    init(_ table: TopicTable) {
        (topics, isExact) = table.count
        levels = table.levels.enumerated().map {
            Level(level: $0.offset + 1, distinct: $0.element.count, isExact: $0.element.isExact)
        }
        let published = table.tallies.indices.filter { table.tallies[$0].publishes > 0 }
        patterns = TopicPatterns.groups(
            published.map { (table.text(of: $0), table.tallies[$0].publishes) }
        ).prefix(Self.shown).map {
            Pattern(pattern: $0.pattern, topics: $0.1.topics, publishes: $0.1.publishes)
        }
    }
}
