internal import Measure
internal import Replay

extension ReplaySummary {
    /// As `--format json` ends with it: `{"summary": …}`. Its keys are described in the documentation of `Replay`;
    /// scripts read them.
    package struct Object: Sendable, Encodable {
        let summary: Keys

        package init(_ summary: ReplaySummary) { self.summary = Keys(summary) }
    }

    struct Keys: Sendable, Encodable {
        let sent, acknowledged, delivered: Counts
        @OrNull var lost_acknowledged: Int?
        @OrNull var duplicates: Duplicates?
        @OrNull var order_violations: Int?
        let puback_us, pubrec_us, pubcomp_us: Percentiles
        @OrNull var durable_us: Percentiles?
        @OrNull var delivery_us: Percentiles?
        @OrNull var delivery_after_resume_us: Percentiles?
        let generator_lag_us: Percentiles
        @OrNull var recorded: Recorded?
        let acknowledgement_split: Split
        @OrNull var durable_split: Split?
        @OrNull var buffer_depth_max: Int?
        @OrNull var stored: Int?
        @OrNull var stall_seconds: Double?
        let bound: Bound
        let bound_reached: Bool
        let bound_evidence: [String]
        let speed: SpeedKey
        let wall_seconds: Double
        @OrNull var ack_mode: String?
        @OrNull var engine: String?
        let cpu_seconds, broker_cpu_seconds: Double
        let generator_cpu_seconds, spun_cpu_seconds, waking_cpu_seconds: Double
        let generator_real_time: Bool
        let troubles: ReplayTroubles
        @OrNull var verification: Verdict?
        @OrNull var target: TargetFindings?
        @OrNull var capacity: Capacity?
        let changes, unscaled, caveats: [String]
        @OrNull var stopped: String?

        init(_ summary: ReplaySummary) {
            let found = summary.verification
            (sent, acknowledged) = (summary.sent, summary.acknowledged)
            delivered = summary.delivered
            lost_acknowledged = found?.lostAcknowledged
            duplicates = found.map { Duplicates(qos1: $0.duplicates[1], qos2: $0.duplicates[2]) }
            order_violations = found?.orderViolations
            puback_us = Percentiles(summary.latencies.puback)
            pubrec_us = Percentiles(summary.latencies.pubrec)
            pubcomp_us = Percentiles(summary.latencies.pubcomp)
            durable_us = summary.durable.map(Percentiles.init)
            delivery_us = found.map { Percentiles($0.latency.live) }
            delivery_after_resume_us = found.map { Percentiles($0.latency.resumed) }
            generator_lag_us = Percentiles(summary.latencies.lag)
            recorded = summary.recorded.map(Recorded.init)
            acknowledgement_split = Split(summary.acknowledgementSplit)
            durable_split = summary.split.map(Split.init)
            buffer_depth_max = summary.bufferDepthMax
            stored = summary.stored
            stall_seconds = summary.stalled?.shortSeconds
            (bound, bound_reached) = (summary.finding.bound, summary.finding.isReached)
            bound_evidence = summary.finding.evidence
            speed = SpeedKey(speed: summary.speed)
            wall_seconds = summary.wall.shortSeconds
            ack_mode = summary.acknowledgeMode
            engine = summary.engine
            (cpu_seconds, broker_cpu_seconds) = (
                summary.cpu.shortSeconds, summary.burned.shortSeconds
            )
            generator_cpu_seconds = summary.generator.thread.shortSeconds
            spun_cpu_seconds = summary.generator.spun.shortSeconds
            waking_cpu_seconds = summary.generator.waking.shortSeconds
            generator_real_time = summary.isRealTime
            troubles = summary.troubles
            verification = found.map(Verdict.init)
            target = summary.target
            capacity = summary.capacity
            (changes, unscaled) = (summary.changes, summary.unscaled)
            caveats = summary.recordingDoubts + summary.doubts.map(\.sentence)
            stopped = summary.stopped
        }
    }

    struct Duplicates: Sendable, Encodable {
        let qos1, qos2: Int
    }

    /// JSON has no infinity.
    struct SpeedKey: Sendable, Encodable {
        let speed: Double

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            if speed.isFinite {
                try container.encode(speed)
            } else {
                try container.encode("max")
            }
        }
    }

    /// How long the recorded broker took, between the packets where they were recorded.
    struct Recorded: Sendable, Encodable {
        let puback_us, pubrec_us, pubcomp_us: Percentiles

        init(_ times: RecordedTimes) {
            puback_us = Percentiles(times.puback)
            pubrec_us = Percentiles(times.pubrec)
            pubcomp_us = Percentiles(times.pubcomp)
        }
    }

    /// What latencies consist of: shares of the time by part, and of how many messages each part had most.
    struct Split: Sendable, Encodable {
        struct Some: Sendable, Encodable {
            let count: Int
            let from_us: Double
            let time: [String: Double]
            let culprits: [String: Int]

            init(_ count: Int, from: Nanoseconds, _ shares: [LatencySplit.Share]) {
                (self.count, from_us) = (count, from.microseconds)
                time = Dictionary(
                    uniqueKeysWithValues: shares.map {
                        ($0.part.id, ($0.time * 1e4).rounded() / 1e4)
                    })
                culprits = Dictionary(
                    uniqueKeysWithValues: shares.map { ($0.part.id, $0.culpritOf) })
            }
        }

        let all: Some
        let slowest_1_percent: Some

        init(_ split: LatencySplit) {
            all = Some(split.count, from: .zero, split.all)
            let slowest = split.slowest(0.01)
            slowest_1_percent = Some(slowest.count, from: slowest.from, slowest.shares)
        }
    }

    /// What the ledger says of the broker, beside the counts that have keys of their own.
    struct Verdict: Sendable, Encodable {
        let promise: String
        let holds: Bool
        let violations, remarks, examples: [String]
        /// Of `lost_acknowledged`, what the promise allows.
        let lost_to_kill, lost_to_identifier, lost_to_queue_limit: Int
        /// Owed to sessions that were away at the end.
        let pending: Int
        let wills_due, wills_fired: Int
        let ledger_bytes: UInt64
        @OrNull var until_accepting_us: Double?
        @OrNull var until_first_queued_us: Double?

        init(_ found: Verification) {
            (promise, holds) = (found.promise.name, found.holds)
            (violations, remarks) = (found.violations, found.remarks)
            examples = found.examples
            (lost_to_kill, lost_to_identifier) = (found.lostToKill, found.lostToIdentifier)
            lost_to_queue_limit = found.lostToQueueLimit
            pending = found.pending
            (wills_due, wills_fired) = (found.wills.due, found.wills.fired)
            ledger_bytes = found.ledgerBytes.count
            until_accepting_us = found.crash?.untilAccepting?.microseconds
            until_first_queued_us = found.crash?.untilFirstQueued?.microseconds
        }
    }
}
