package import Measure

/// What a replay did in one second, as it is shown while it runs. The keys are those of `--format json`; what
/// cannot be seen from outside of a broker's process is null there.
package struct ReplayProgress: Sendable, Encodable {
    /// Since the beginning of the timeline was due.
    package var seconds: Double
    package var sent_per_s: Double
    package var acknowledged_per_s: Double
    package var delivered_per_s: Double
    /// Of this second; null if nothing was answered in it.
    @OrNull package var puback_p99_us: Double?
    @OrNull package var durable_p99_us: Double?
    @OrNull package var lag_p99_us: Double?
    /// Messages that were accepted and are not yet durable; of a broker in another process, those without an
    /// answer.
    package var backlog: Int
    /// Level-0 files of the shard that has most.
    @OrNull package var l0_files: Int?
    /// Time that writes were stalled in this second, all shards together.
    @OrNull package var stall_ms: Double?
    /// Shards whose writes are slowed down or stopped now.
    @OrNull package var stalled_shards: Int?
}

extension Nanoseconds {
    /// To a tenth: histograms keep three digits.
    package var microseconds: Double { (Double(count) / 100).rounded() / 10 }
    /// Seconds to a thousandth.
    var shortSeconds: Double { (Double(count) / 1e6).rounded() / 1e3 }
}
