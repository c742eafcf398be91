/// What a broker would write if this traffic went on at the rate of the capture.
package struct Forecast: Codable, Equatable, Sendable {
    package enum Scope: String, Codable, Sendable {
        /// What a durable subscription matches.
        case matched
        /// All that clients publish.
        case all
    }

    /// Per second, at the mean rate of the capture.
    package struct Rates: Codable, Equatable, Sendable {
        package let messages: Double
        /// Rows of messages and of their index.
        package let puts: Double
        package let valueBytes: Double
        package let memtableBytes: Double
        package let walBytes: Double
        package let commits: Double

        enum CodingKeys: String, CodingKey {
            case messages = "messages_per_s", puts = "puts_per_s"
            case valueBytes = "value_bytes_per_s", memtableBytes = "memtable_bytes_per_s"
            case walBytes = "wal_bytes_per_s", commits = "commits_per_s"
        }
    }

    package struct Shard: Codable, Equatable, Sendable {
        package let shard: Int
        package let rates: Rates
        /// nil if nothing is stored in it.
        package let firstFlushSeconds: Double?
        package let firstCompactionSeconds: Double?

        enum CodingKeys: String, CodingKey {
            case shard, rates, firstFlushSeconds = "first_flush_s"
            case firstCompactionSeconds = "first_l0_compaction_s"
        }
    }

    package let engine: String
    package let version: String
    package let scope: Scope
    /// In the whole capture.
    package let recorded: WriteCounts
    /// Publishes that were not counted: of more levels than EMQX takes, or too many different topics.
    package let leftOutPublishes: Int
    /// Of all shards together; nil if the capture has no length.
    package let rates: Rates?
    package let shards: [Shard]
    /// Of an evenly loaded shard; nil if nothing is stored.
    package let firstFlushSeconds: Double?
    package let firstCompactionSeconds: Double?
    /// Of the shard with most bytes.
    package let busiestFirstFlushSeconds: Double?
    package let busiestFirstCompactionSeconds: Double?
    package let disk: DiskForecast
    package let memory: MemoryForecast
    package let criteria: [Criterion]
    /// Whether settings of memtables, L0 and compaction can make a difference at this rate.
    package let knobsCanMatter: Bool
    /// The verdict for people.
    package let sentence: String

    enum CodingKeys: String, CodingKey {
        case engine, version, scope, recorded, leftOutPublishes = "left_out_publishes", rates,
            shards
        case firstFlushSeconds = "first_flush_s", firstCompactionSeconds = "first_l0_compaction_s"
        case busiestFirstFlushSeconds = "busiest_first_flush_s"
        case busiestFirstCompactionSeconds = "busiest_first_l0_compaction_s"
        case disk, memory, criteria, knobsCanMatter = "knobs_can_matter", sentence
    }

    /// - Parameters:
    ///   - counts: of each shard.
    ///   - snappyRatio: of its rows.
    ///   - seconds: length of the capture.
    ///   - peak: the most publishes of one second over the mean; nil for a capture of a second or less.
    init(
        _ counts: [WriteCounts], leftOut: Int, snappyRatio: Double?, seconds: Double, peak: Double?,
        _ terms: ForecastTerms
    ) {
        engine = terms.engine
        version = terms.version
        scope = terms.storesAll ? .all : .matched
        leftOutPublishes = leftOut
        var total = WriteCounts()
        for shard in counts { total.add(shard) }
        recorded = total
        rates = Rates(total, over: seconds)
        let all = Double(max(1, total.memtableBytes))
        let times = counts.map { shard in
            FlushTimes(
                rate: Rates(shard, over: seconds)?.memtableBytes ?? 0,
                share: Double(shard.memtableBytes) / all, terms)
        }
        shards = zip(counts, times).enumerated().compactMap { number, shard in
            guard let rates = Rates(shard.0, over: seconds) else { return nil }
            return Shard(
                shard: number, rates: rates, firstFlushSeconds: shard.1?.flush,
                firstCompactionSeconds: shard.1?.compaction)
        }
        let even = FlushTimes(
            rate: (rates?.memtableBytes ?? 0) / Double(max(1, counts.count)), terms)
        firstFlushSeconds = even?.flush
        firstCompactionSeconds = even?.compaction
        let busiest = times.compactMap(\.self).min { $0.compaction < $1.compaction }
        busiestFirstFlushSeconds = busiest?.flush
        busiestFirstCompactionSeconds = busiest?.compaction
        disk = DiskForecast(total, rates, snappyRatio: snappyRatio, terms)
        memory = MemoryForecast(active: counts.count { $0.messages > 0 }, terms)
        criteria = Criterion.all(rates, busiest: busiest, peak: peak, terms)
        knobsCanMatter = criteria.contains { !$0.holds }
        sentence = Self.sentence(total, rates, criteria, terms)
    }

    private static func sentence(
        _ total: WriteCounts, _ rates: Rates?, _ criteria: [Criterion], _ terms: ForecastTerms
    ) -> String {
        guard total.messages > 0 else {
            return
                "Nothing would be stored, because no durable subscription that is known matches what "
                + "clients publish: no storage setting can matter. If there are durable sessions, name "
                + "their subscriptions with --subscriptions."
        }
        guard rates != nil else { return "The capture is too short to tell a rate from." }
        guard let broken = criteria.first(where: { !$0.holds }) else {
            return "At this rate no setting of the memtable, L0 and compaction knobs can matter: "
                + criteria.map(\.sentence).joined(separator: "; ") + "."
        }
        return "At this rate settings can matter: \(broken.sentence)."
    }
}

extension Forecast.Rates {
    init?(_ counts: WriteCounts, over seconds: Double) {
        guard seconds > 0 else { return nil }
        messages = Double(counts.messages) / seconds
        puts = Double(counts.puts) / seconds
        valueBytes = Double(counts.valueBytes) / seconds
        memtableBytes = Double(counts.memtableBytes) / seconds
        walBytes = Double(counts.walBytes) / seconds
        commits = Double(counts.commits) / seconds
    }
}
