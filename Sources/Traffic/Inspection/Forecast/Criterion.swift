/// One of the conditions under which no setting of memtables, L0 and compaction can make a difference. All of
/// them have to hold; each says its number and its limit.
package struct Criterion: Codable, Equatable, Sendable {
    package let name: String
    package let value: Double
    package let limit: Double
    package let holds: Bool
    /// Without a full stop.
    package let sentence: String

    /// L0 compactions of one shard in a day: what happens less than twice, for seconds, no knob can make
    /// matter.
    private static let compactions = 2.0
    private static let day = 86_400.0
    /// Seconds for which the busiest second of the capture is thought to last.
    private static let burst = 60.0
    /// Log bytes per second that any disk takes without noticing: a hundredth of 100 MB/s.
    private static let logBytes = 1_000_000.0
    /// Syncs per second: a tenth of what a consumer's SSD does, whose sync takes about 3.5 ms
    /// (measured for a Samsung 960 Pro; peers 4.3).
    private static let syncs = 30.0

    static func all(
        _ rates: Forecast.Rates?, busiest: FlushTimes?, peak: Double?, _ terms: ForecastTerms
    ) -> [Criterion] {
        guard let rates, let busiest else { return [] }
        let compactions = day / busiest.compaction
        let burst = Self.burst * (peak ?? 1)
        var criteria = [
            Criterion(
                name: "l0_compactions_per_day", value: compactions, limit: Self.compactions,
                holds: compactions < Self.compactions,
                sentence:
                    "the busiest shard starts its first L0 compaction after \(duration(busiest.compaction)), "
                    + "which is \(tenths(compactions)) in a day"),
            Criterion(
                name: "peak_fills_memtable", value: burst / busiest.flush, limit: 1,
                holds: burst < busiest.flush,
                sentence: burst < busiest.flush
                    ? "the busiest second would not fill a memtable if it lasted a minute"
                    : "the busiest second would fill a memtable if it lasted a minute"),
            Criterion(
                name: "log_bytes_per_s", value: rates.walBytes, limit: logBytes,
                holds: rates.walBytes < logBytes,
                sentence:
                    "the log takes \(size(rates.walBytes)) a second, and any disk takes a megabyte"
            ),
        ]
        if case .shared = terms.log {
            criteria.append(
                Criterion(
                    name: "syncs_per_s", value: rates.commits, limit: syncs,
                    holds: rates.commits < syncs,
                    sentence:
                        "the shared log is synced up to \(tenths(rates.commits)) times a second, and a slow "
                        + "SSD does \(tenths(syncs * 10))"))
        }
        return criteria
    }
}
