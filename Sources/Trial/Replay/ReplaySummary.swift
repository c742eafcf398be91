package import Measure
package import Replay

/// What a replay did and what it found.
package struct ReplaySummary: Sendable {
    /// Of messages, by QoS.
    package struct Counts: Sendable, Encodable, Equatable {
        package var qos0 = 0, qos1 = 0, qos2 = 0
        package var total: Int { qos0 + qos1 + qos2 }

        package init() {}

        init(_ counts: Recorder.ByQoS) {
            (qos0, qos1, qos2) = (counts.counts[0], counts.counts[1], counts.counts[2])
        }
    }

    /// PUBLISH packets.
    package var sent = Counts()
    /// PUBACKs, and at QoS 2 PUBRECs, with a success code.
    package var acknowledged = Counts()
    package var delivered = Counts()
    package var latencies = Latencies()
    /// What became of every message; nil if nobody kept count.
    package var verification: Verification?
    /// How long the recorded broker took to acknowledge.
    package var recorded: RecordedTimes?
    /// What was changed of the recorded traffic, a sentence each, and what keeps its own time.
    package var changes: [String] = []
    package var unscaled: [String] = []
    /// What PUBACKs and PUBRECs waited for.
    package var acknowledgementSplit = LatencySplit()
    /// Nil if the broker is in another process, as all that only the inside can tell.
    package var durable: LatencyHistogram?
    /// What the durable latencies consist of.
    package var split: LatencySplit?
    /// The most messages that were accepted and not yet durable.
    package var bufferDepthMax: Int?
    /// Messages that reached a commit.
    package var stored: Int?
    /// Time that writes were stalled, all shards together.
    package var stalled: Nanoseconds?
    package var troubles = ReplayTroubles()
    package var finding = BoundFinding(BoundFigures())
    /// Infinite for as fast as it was taken.
    package var speed = 1.0
    package var wall = Nanoseconds.zero
    package var acknowledgeMode: String?
    package var engine: String?
    package var cpu = Nanoseconds.zero
    /// Of the generator's thread, which in process is the sessions' too.
    package var generator = GeneratorCPU()
    /// The generator's thread ran before everything else that wanted its core.
    package var isRealTime = false
    /// CPU burned for what the modelled broker spends; not in `cpu`.
    package var burned = Nanoseconds.zero
    /// What sockets saw of a broker in another process.
    package var target: TargetFindings?
    /// What a search for the highest speed found; the rest of the summary is then that of its run.
    package var capacity: Capacity?
    /// What the recording does not hold, or holds otherwise than it was, a sentence each.
    package var recordingDoubts: [String] = []
    /// Reasons to trust it less.
    package var doubts: [Caveat] = []
    /// Why it ended before its traffic did; nil if it did not.
    package var stopped: String?

    package init() {}

    /// Lost after its acknowledgement, against what the broker promises.
    package var isVerified: Bool { verification?.holds ?? true }

    /// Intended time to delivery to a subscriber that was connected then; empty if nobody kept count.
    package var delivery: LatencyHistogram { verification?.latency.live ?? LatencyHistogram() }

    /// All there are, in the order in which they are told.
    package var histograms: [(name: String, values: LatencyHistogram)] {
        [
            ("puback", latencies.puback), ("pubrec", latencies.pubrec),
            ("pubcomp", latencies.pubcomp), ("durable", durable ?? LatencyHistogram()),
            ("delivery", delivery),
            ("delivery_after_resume", verification?.latency.resumed ?? LatencyHistogram()),
            ("generator_lag", latencies.lag),
        ]
    }
}

/// Microseconds; all null but `count` if there is no sample, because no sample is not zero.
package struct Percentiles: Sendable, Encodable, Equatable {
    package var count: UInt64
    @OrNull package var p50: Double?
    @OrNull package var p90: Double?
    @OrNull package var p99: Double?
    @OrNull package var p999: Double?
    @OrNull package var p9999: Double?
    @OrNull package var max: Double?

    package init(_ histogram: LatencyHistogram) {
        func at(_ percentile: Double) -> Double? {
            histogram.percentile(percentile)?.microseconds
        }
        count = histogram.count
        p50 = at(50)
        p90 = at(90)
        p99 = at(99)
        p999 = at(99.9)
        p9999 = at(99.99)
        max = histogram.maximum?.microseconds
    }
}
