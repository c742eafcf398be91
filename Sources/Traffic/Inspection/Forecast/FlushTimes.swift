internal import Knobs

/// When RocksDB acts in a shard: arithmetic on its rate of bytes and the settings.
package struct FlushTimes: Equatable, Sendable {
    /// Seconds until the shard's first memtable is flushed.
    package let flush: Double
    /// Seconds until as many L0 files are there as start a compaction.
    package let compaction: Double

    /// - Parameters:
    ///   - rate: bytes per second that the shard's memtable is charged with.
    ///   - share: how much of all shards' rate this is; `1 / shards` for an even one.
    /// - Returns: nil for a rate of 0.
    package init?(rate: Double, share: Double? = nil, _ terms: ForecastTerms) {
        guard rate > 0 else { return nil }
        let own = Double(terms.setting["write_buffer_size"])
        let shard = Double(terms.setting["db_write_buffer_size"]) * 7 / 8
        // What all shards share is used up by all of them.
        let all =
            Double(terms.setting["write_buffer_manager"]) * 7 / 8
            * (share ?? 1 / Double(terms.shards))
        let bytes = [shard, all].filter { $0 > 0 }.reduce(own, min)
        flush = bytes / rate
        compaction = flush * terms.trigger
    }
}
