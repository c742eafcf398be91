internal import Knobs
internal import Measure

/// What lies on the disk when as much goes as comes.
package struct DiskForecast: Codable, Equatable, Sendable {
    package let retentionSeconds: Double
    /// Compressed blocks over their rows, by Snappy on sampled rows; 1 if nothing was sampled.
    package let snappyRatio: Double
    /// Growth of the tables.
    package let tableBytesPerSecond: Double
    /// Tables in the steady state: a message is kept between one and three retention periods, so twice and
    /// three times what one period brings (reference 4.4).
    package let tableBytesLow: Double
    package let tableBytesHigh: Double
    /// Logs at their largest, with what is allocated in advance.
    package let logBytes: Double

    enum CodingKeys: String, CodingKey {
        case retentionSeconds = "retention_s", snappyRatio = "snappy_ratio"
        case tableBytesPerSecond = "table_bytes_per_s", tableBytesLow = "table_bytes_low"
        case tableBytesHigh = "table_bytes_high", logBytes = "log_bytes"
    }

    /// Ra's log file and the segments made of the last one (reference 3.8).
    private static let sharedLog = 2 * 256_000_000.0
    /// A manifest is allocated in pieces of 4 MiB (16 empty shards were measured to take 68 MB, reference 3.7).
    private static let manifest = 4.0 * 1_048_576
    /// A log is allocated with a tenth more than the memtable (reference 3.7).
    private static let preallocation = 1.1

    init(
        _ counts: WriteCounts, _ rates: Forecast.Rates?, snappyRatio: Double?,
        _ terms: ForecastTerms
    ) {
        retentionSeconds = terms.retention.seconds
        self.snappyRatio = snappyRatio ?? 1
        // Without what only a memtable has around them.
        let rows = Double(counts.memtableBytes - counts.puts * ShardWrites.memtableEntry)
        let share = rows / Double(max(1, counts.memtableBytes))
        tableBytesPerSecond = (rates?.memtableBytes ?? 0) * share * self.snappyRatio
        tableBytesLow = 2 * tableBytesPerSecond * retentionSeconds
        tableBytesHigh = 3 * tableBytesPerSecond * retentionSeconds
        let shards = Double(terms.shards)
        let allocates = terms.setting["allow_fallocate"] != 0
        let log =
            terms.log == .wal
            ? shards * terms.flushBytes * (allocates ? Self.preallocation : 1) : Self.sharedLog
        logBytes = log + (allocates ? shards * Self.manifest : 0)
    }
}

/// What RocksDB holds in memory.
package struct MemoryForecast: Codable, Equatable, Sendable {
    /// Memtables just before they are flushed, of the shards that are written to.
    package let memtableBytes: Double
    /// What they may grow to while flushes wait.
    package let memtableLimitBytes: Double
    /// Block caches when they are full: of three column families in each shard, and two more for each
    /// older generation.
    package let blockCacheBytes: Double

    enum CodingKeys: String, CodingKey {
        case memtableBytes = "memtable_bytes", memtableLimitBytes = "memtable_limit_bytes"
        case blockCacheBytes = "block_cache_bytes"
    }

    /// - Parameter active: shards that are written to.
    init(active: Int, _ terms: ForecastTerms) {
        let setting = terms.setting
        let shards = Double(terms.shards)
        memtableBytes = Double(active) * terms.flushBytes
        let own = Double(
            setting["write_buffer_size"] * setting["max_write_buffer_number"]
                * Int64(ForecastTerms.families))
        memtableLimitBytes = shards * own
        blockCacheBytes = shards * Double(setting["block_cache"]) * Double(ForecastTerms.families)
    }
}
