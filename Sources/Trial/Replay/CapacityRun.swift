internal import Measure
package import Replay
internal import Synchronization

/// What was found of the highest speed that holds.
package struct Capacity: Sendable, Encodable {
    /// Why a run did not hold, and when that was first seen.
    package struct Breach: Sendable, Encodable, Equatable {
        package enum Kind: String, Sendable, Encodable {
            case objective, stall, growing_queue, overload, generator, not_sent, not_stored
        }

        package let kind: Kind
        /// Since the first packet was due.
        package let after_seconds: Double
        package let sentence: String
    }

    /// One try.
    package struct Run: Sendable, Encodable {
        package let speed: Double
        package let held: Bool
        package let sent_per_s: Double
        package let puback_us: Percentiles
        @OrNull package var durable_us: Percentiles?
        /// In the order in which they were first seen.
        package let breaches: [Breach]
    }

    /// The highest speed that held; null if none did.
    @OrNull package var speed: Double?
    /// What was sent a second at that speed.
    @OrNull package var sent_per_s: Double?
    /// The lowest speed that did not hold; null if none was found.
    @OrNull package var breaks_at: Double?
    /// What was seen first there.
    @OrNull package var broke_first: Breach?
    /// In how many of how many tries the two held.
    package let held: [Int], broke: [Int]
    package let runs: [Run]
}

/// Searches the highest speed at which objectives are met, nothing stalls and no queue grows.
package struct CapacityRun {
    private let objectives: [Objective]
    private let first: Double

    /// - Parameter first: the speed that is tried first.
    package init(_ objectives: [Objective], from first: Double) {
        (self.objectives, self.first) = (objectives, first)
    }

    /// - Parameters:
    ///   - replay: one replay at a speed, over a broker that is as it was before the first.
    ///   - tried: told of each try when it is over.
    /// - Returns: beside what was found, the summary of the run at the speed that held, or of the last one if
    ///   none did; nil if nothing was tried to its end.
    package func run(
        _ replay: (
            _ speed: Double, _ tell: @escaping @Sendable (ReplayProgress) -> Void
        ) throws(ReplayError) -> ReplaySummary,
        telling tell: @escaping @Sendable (ReplayProgress) -> Void,
        stopIf interrupted: () -> String?, tried: (Capacity.Run) -> Void
    ) throws(ReplayError) -> (capacity: Capacity, summary: ReplaySummary?) {
        var search = LimitSearch(from: first)
        var runs: [Capacity.Run] = []
        var summaries: [Double: ReplaySummary] = [:]
        while interrupted() == nil, let speed = search.next() {
            let seconds = Seconds()
            let summary = try replay(speed) { progress in
                seconds.note(progress)
                tell(progress)
            }
            guard interrupted() == nil else { break }
            let breaches = breaches(of: summary, seconds.all)
            let run = Capacity.Run(
                speed: speed, held: breaches.isEmpty,
                sent_per_s: Double(summary.sent.total) / max(1e-3, summary.wall.seconds),
                puback_us: Percentiles(summary.latencies.puback),
                durable_us: summary.durable.map(Percentiles.init),
                breaches: breaches)
            runs.append(run)
            summaries[speed] = summary
            search.tried(speed, held: run.held)
            tried(run)
        }
        let capacity = capacity(search, runs)
        return (capacity, (capacity.speed ?? runs.last?.speed).flatMap { summaries[$0] })
    }

    private func capacity(_ search: LimitSearch, _ runs: [Capacity.Run]) -> Capacity {
        func counts(_ speed: Double?, held: Bool) -> [Int] {
            guard let speed else { return [0, 0] }
            let count = search.count(at: speed)
            return [held ? count.held : count.of - count.held, count.of]
        }
        let broken = runs.first { $0.speed == search.lowestBroken && !$0.held }
        return Capacity(
            speed: search.highestHeld,
            sent_per_s: runs.first { $0.speed == search.highestHeld }?.sent_per_s,
            breaks_at: search.lowestBroken, broke_first: broken?.breaches.first,
            held: counts(search.highestHeld, held: true),
            broke: counts(search.lowestBroken, held: false), runs: runs)
    }

    /// Why the run does not count as holding: what was seen first comes first.
    private func breaches(
        of summary: ReplaySummary, _ seconds: [ReplayProgress]
    ) -> [Capacity.Breach] {
        let end = summary.wall.seconds
        var breaches: [Capacity.Breach] = []
        func add(_ kind: Capacity.Breach.Kind, after: Double?, _ sentence: String) {
            breaches.append(
                Capacity.Breach(kind: kind, after_seconds: after ?? end, sentence: sentence))
        }
        for objective in objectives where !objective.isMet(by: summary.histogram(objective.latency))
        {
            let value = objective.value(in: summary.histogram(objective.latency))
            add(
                .objective, after: seconds.first { $0.breaks(objective) }?.seconds,
                value.map { "\(objective.id) was \($0.microseconds) µs" }
                    ?? "\(objective.id) has no sample")
        }
        if let stalled = summary.stalled, stalled > .zero {
            add(
                .stall, after: seconds.first { $0.stall_ms ?? 0 > 0 }?.seconds,
                "writes stalled for \(stalled.microseconds / 1_000) ms in all shards together"
            )
        }
        for caveat in summary.doubts {
            switch caveat {
            case .growingQueue: add(.growing_queue, after: nil, caveat.sentence)
            case .generatorBound(_, let limit):
                let late = seconds.first { $0.lag_p99_us ?? 0 > limit.microseconds }
                add(.generator, after: late?.seconds, caveat.sentence)
            case .notSent: add(.not_sent, after: nil, caveat.sentence)
            case .notStored: add(.not_stored, after: nil, caveat.sentence)
            default: break
            }
        }
        if let stopped = summary.stopped { add(.overload, after: nil, stopped) }
        return breaches.sorted { $0.after_seconds < $1.after_seconds }
    }
}

/// What a run said of itself, second by second.
private final class Seconds: Sendable {
    private let list = Mutex<[ReplayProgress]>([])

    var all: [ReplayProgress] { list.withLock { $0 } }

    func note(_ progress: ReplayProgress) { list.withLock { $0.append(progress) } }
}

extension ReplayProgress {
    /// In this second it was not met. Only 99th percentiles are taken each second.
    fileprivate func breaks(_ objective: Objective) -> Bool {
        guard objective.percentile == .p99 else { return false }
        let value =
            switch objective.latency {
            case .puback: puback_p99_us
            case .durable: durable_p99_us
            case .pubrec, .pubcomp, .delivery: nil as Double?
            }
        return value.map { $0 >= objective.limit.microseconds } ?? false
    }
}

extension ReplaySummary {
    /// Empty if there is none of it here.
    fileprivate func histogram(_ latency: Objective.Latency) -> LatencyHistogram {
        switch latency {
        case .puback: latencies.puback
        case .pubrec: latencies.pubrec
        case .pubcomp: latencies.pubcomp
        case .durable: durable ?? LatencyHistogram()
        case .delivery: delivery
        }
    }
}
