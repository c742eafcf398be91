internal import Broker
internal import Measure
internal import Storage

/// `/api/v5/status`.
package struct BrokerStatus: Codable, Sendable {
    package let state: String
    package let isReady: Bool
    package let engine: String?
    package let acknowledge: String?
    package let sync: String?
    package let version: String?
    package let rocksdb: String?

    init(state: String, isReady: Bool, facts: BrokerFacts?) {
        self.state = state
        self.isReady = isReady
        engine = facts?.engine
        acknowledge = facts?.acknowledge
        sync = facts?.sync
        version = facts?.version
        rocksdb = facts?.rocksdb
    }
}

/// `/api/v5/ds`: what is stored, and what holds writers back.
package struct StorageInfo: Codable, Sendable {
    package struct Generation: Codable, Sendable {
        package let generation: Int
        /// Wall clock, milliseconds; `until` is nil for the current one.
        package let sinceMs: UInt64
        package let untilMs: UInt64?
        package let l0Files: Int
        package let sstBytes: UInt64
        package let streams: Int
    }

    package struct Stall: Codable, Sendable {
        package let condition: String
        package let reason: String
        package let count: Int
        package let seconds: Double
    }

    package struct Shard: Codable, Sendable {
        package let shard: Int
        package let generations: [Generation]
        package let committed: Int
        package let l0Files: Int
        package let sstBytes: UInt64
        package let memtableBytes: UInt64
        package let pendingCompactionBytes: UInt64
        package let isWriteStopped: Bool
        package let delayedWriteRateBytes: UInt64
        /// Every cause, also those that were none.
        package let stalls: [Stall]
    }

    package let engine: String
    package let acknowledge: String
    package let sync: String
    package let queueDepth: Int
    package let lostMessages: Int
    package let stallSeconds: Double
    package let shards: [Shard]

    init(_ observation: Observation) {
        engine = observation.facts.engine
        acknowledge = observation.facts.acknowledge
        sync = observation.facts.sync
        queueDepth = observation.depth
        lostMessages = observation.lost
        stallSeconds = observation.stallTime.seconds
        shards = observation.shards.map { state in
            let entry = observation.ledger[state.number] ?? EngineLedger.Entry()
            return Shard(
                shard: state.number,
                generations: state.generations.map {
                    Generation(
                        generation: $0.span.number, sinceMs: $0.span.since, untilMs: $0.span.until,
                        l0Files: $0.l0Files, sstBytes: $0.sst.count, streams: $0.streams)
                },
                committed: state.committed, l0Files: state.l0Files, sstBytes: state.sst.count,
                memtableBytes: state.memtables.count,
                pendingCompactionBytes: state.pendingCompaction.count,
                isWriteStopped: state.isStopped,
                delayedWriteRateBytes: state.delayedWriteRate.count,
                stalls: EngineLedger.StallKey.all.map {
                    Stall(
                        condition: $0.condition.word, reason: $0.cause.word,
                        count: entry.stalls[$0] ?? 0, seconds: entry.stalled[$0]?.seconds ?? 0)
                })
        }
    }
}

/// One line of `/api/v5/sessions`.
package struct SessionLine: Codable, Sendable {
    package let clientId: String
    package let isConnected: Bool
    package let isDurable: Bool
    package let version: Int
    package let expiryS: Int
    package let createdMs: Int
    package let subscriptions: Int
    package let waiting: Int
    package let inflight: Int
    package let awaitingRelease: Int

    init(_ summary: SessionSummary) {
        clientId = summary.clientID
        isConnected = summary.isConnected
        isDurable = summary.isDurable
        version = summary.version
        expiryS = summary.expiryInterval
        createdMs = summary.created
        subscriptions = summary.subscriptions
        waiting = summary.waiting
        inflight = summary.inflight
        awaitingRelease = summary.awaitingRelease
    }
}

package struct SubscriptionLine: Codable, Sendable {
    package let filter: String
    package let qos: Int
    package let isDurable: Bool

    init(_ summary: SubscriptionSummary) {
        filter = summary.filter
        qos = summary.qos
        isDurable = summary.isDurable
    }
}

/// `/api/v5/sessions`.
package struct SessionPage: Codable, Sendable {
    package let sessions: [SessionLine]
    /// Where the next page begins; nil at the end.
    package let next: Int?
}

/// `/api/v5/sessions?client_id=ID`.
package struct SessionDetail: Codable, Sendable {
    package let session: SessionLine
    package let subscriptions: [SubscriptionLine]
}

/// One series of `/api/v5/metrics`: the numbers of the scrape, histograms by their count and sum.
package struct MetricReading: Codable, Sendable {
    package let name: String
    package let labels: [String: String]
    package let value: Double

    static func all(in observation: Observation) -> [MetricReading] {
        AdminMetric.catalogue.flatMap { metric in
            metric.read(observation).flatMap { sample -> [MetricReading] in
                let labels = Dictionary(sample.labels.map { ($0.name, $0.value) }) { first, _ in
                    first
                }
                switch sample.value {
                case .number(let value):
                    return [MetricReading(name: metric.name, labels: labels, value: value)]
                case .latencies(let latencies):
                    return [
                        MetricReading(
                            name: metric.name + "_count", labels: labels,
                            value: Double(latencies.count)),
                        MetricReading(
                            name: metric.name + "_sum", labels: labels,
                            value: latencies.sum.seconds),
                    ]
                }
            }
        }
    }
}
