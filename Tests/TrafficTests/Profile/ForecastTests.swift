import Foundation
import Knobs
import Layout
import MQTT
import Measure
import TestSupport
import Testing
import Traffic

/// What a broker would write: counted with EMQX's layout, and when RocksDB acts on it.
struct ForecastTests {
    private static func terms(
        shards: Int64 = 16, _ values: ValueFormat = .v1, setting: [String: Int64] = [:],
        storesAll: Bool = false
    ) -> ForecastTerms {
        var setting = Setting(setting)
        setting["n_shards"] = shards
        return ForecastTerms(
            engine: "emqx-5.8-local", version: "EMQX 5.8", format: RowFormat(values: values),
            setting: setting, log: .wal,
            batching: ForecastTerms.Batching(messages: 1_000, interval: nil),
            storesAll: storesAll)
    }

    private static let capture = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Profiles/captures/fleet-60.pcap.gz")
        .path

    /// Restated from golden/emqx-5.8.9-writes-of-fleet-60.json: what EMQX's own storage layer wrote.
    private static let golden: [(Int64, ValueFormat, [Int])] = [
        (1, .v1, [2_041, 731_702, 376, 224, 888, 45_336]),
        (16, .v1, [2_041, 731_348, 321, 224, 951, 48_009]),
        (1, .asn1, [2_041, 315_395, 376, 224, 888, 45_336]),
        (16, .asn1, [2_041, 315_041, 321, 224, 951, 48_009]),
    ]

    @Test(arguments: golden) func fleet60WouldWriteWhatEMQXWrote(
        _ shards: Int64, _ values: ValueFormat, _ expected: [Int]
    ) throws {
        let forecast = try Inspection(
            captures: [Self.capture], terms: Self.terms(shards: shards, values)
        ).forecast
        let counts = forecast.recorded
        #expect(
            [
                counts.dataPuts, counts.valueBytes, counts.indexPuts, counts.streams,
                counts.triePuts, counts.trieBytes,
            ] == expected)
        #expect(forecast.leftOutPublishes == 0)
        #expect(forecast.shards.count == Int(shards))
    }

    /// 1,000 messages of 300 bytes a second over 16 shards, memtables of 64 MiB: the first flush after an hour,
    /// the first L0 compaction after four; with one bound of 256 MiB on all memtables after 13 and 52 minutes
    /// (peers 4.4).
    @Test func flushesComeWhenArithmeticSaysSo() throws {
        let own = try #require(FlushTimes(rate: 1_000 * 300 / 16, Self.terms()))
        #expect((own.flush / 60).rounded() == 60)
        #expect((own.compaction / 3_600 * 10).rounded() == 40)
        let shared = try #require(
            FlushTimes(
                rate: 1_000 * 300 / 16, Self.terms(setting: ["write_buffer_manager": 256 << 20])))
        #expect((shared.flush / 60).rounded() == 13)
        #expect((shared.compaction / 60).rounded() == 52)
        // 10 MiB for a shard, as EMQX 6.0.0 has it, of which seven eighths are filled.
        let bounded = try #require(
            FlushTimes(
                rate: 1_000 * 300 / 16, Self.terms(setting: ["db_write_buffer_size": 10 << 20])))
        #expect(abs(bounded.flush - 8.75 * 1_048_576 / 18_750) < 1e-6)
        #expect(FlushTimes(rate: 0, Self.terms()) == nil)
    }

    /// A record crosses blocks of 32 KiB in pieces, each with a header of seven bytes; six bytes at the end of a
    /// block stay empty.
    @Test func theLogsFramingIsRocksDBs() {
        var log = LogFraming()
        log.append(100)
        #expect(log.bytes == 107)
        log.append(32_768 - 107 - 7 - 6)
        #expect(log.bytes == 32_762)
        log.append(40_000)
        // Six bytes of filling, then two pieces.
        #expect(log.bytes == 32_768 + 40_000 + 14)
        #expect(LogFraming.put(key: 18, value: 427, family: 1) == 18 + 427 + 5)
        #expect(LogFraming.put(key: 26, value: 0, family: 1) == 30)
    }

    /// One sensor, 100 messages of 1,000 bytes a second for ten seconds.
    private static func busy() -> TestFleet {
        var fleet = TestFleet()
        fleet.connect(.careful("sensor"))
        let payload = String(repeating: "x", count: 1_000)
        for _ in 0..<1_000 {
            fleet.client("sensor", .message("a", payload))
            fleet.wait(seconds: 0.009)
        }
        return fleet
    }

    @Test func ratesAreOfTheCaptureAndOfTheBusiestShard() throws {
        let inspection = try Self.busy().inspect(terms: Self.terms(storesAll: true))
        let forecast = inspection.forecast
        #expect(forecast.scope == .all)
        let seconds = inspection.spanSeconds
        let rates = try #require(forecast.rates)
        #expect(abs(rates.messages - 1_000 / seconds) < 1e-6)
        // A header of 209 bytes and the client's name (reference 3.6).
        #expect(abs(rates.valueBytes - 1_000 * (1_000 + 6 + 209) / seconds) < 1e-3)
        #expect(forecast.shards.count { $0.rates.messages > 0 } == 1)
        let flush = try #require(forecast.firstFlushSeconds)
        let busiest = try #require(forecast.busiestFirstFlushSeconds)
        #expect(abs(flush / busiest - 16) < 1e-6)
        #expect(forecast.memory.memtableBytes == Double(64 << 20))
        #expect(forecast.memory.blockCacheBytes == Double(16 * 3 * (8 << 20)))
        #expect(abs(forecast.disk.tableBytesHigh / forecast.disk.tableBytesLow - 1.5) < 1e-9)
        // The payloads are one letter a thousand times.
        #expect(forecast.disk.snappyRatio < 0.2)
    }

    /// 122 kB a second into one shard: a memtable of 64 MiB lasts nine minutes, four of them half an hour.
    @Test func theSentenceIsOnlySaidWhenItIsSo() throws {
        let busy = try Self.busy().inspect(terms: Self.terms(storesAll: true)).forecast
        #expect(busy.knobsCanMatter)
        #expect(busy.sentence.hasPrefix("At this rate settings can matter"))
        #expect(busy.criteria.first { !$0.holds }?.name == "l0_compactions_per_day")
        var fleet = TestFleet()
        fleet.connect(.careful("sensor"))
        for _ in 0..<10 {
            fleet.client("sensor", .message("a"))
            fleet.wait(seconds: 1)
        }
        let quiet = try fleet.inspect(terms: Self.terms(storesAll: true)).forecast
        #expect(!quiet.knobsCanMatter)
        #expect(quiet.criteria.count == 3 && quiet.criteria.allSatisfy(\.holds))
        #expect(quiet.sentence.hasPrefix("At this rate no setting of the memtable, L0"))
        let nothing = try Self.busy().inspect(terms: Self.terms()).forecast
        #expect(!nothing.knobsCanMatter)
        #expect(nothing.recorded.messages == 0 && nothing.firstFlushSeconds == nil)
        #expect(nothing.sentence.hasPrefix("Nothing would be stored"))
    }

    /// From EMQX 5.10 on a subscription at QoS 0 makes nothing durable.
    @Test(arguments: [true, false]) func subscriptionsAtQoS0CountWhereTheyStore(_ stores: Bool)
        throws
    {
        var fleet = TestFleet()
        fleet.connect(.careful("sensor"))
        fleet.connect(.durable("archiver"))
        fleet.client(
            "archiver",
            .subscribe(
                Subscribe(
                    packetID: try #require(PacketID(1)),
                    subscriptions: [Subscription(filter: "a", qos: .atMostOnce)])))
        fleet.client("sensor", .message("a"))
        let terms = ForecastTerms(
            engine: "e", version: "v", format: RowFormat(), setting: Setting(), log: .wal,
            batching: ForecastTerms.Batching(messages: 1_000, interval: nil), storesForQoS0: stores)
        #expect(try fleet.inspect(terms: terms).persisted.matchedPublishes == (stores ? 1 : 0))
    }

    /// Ra's record of a batch: 24 bytes and a reference of three, 143 for the batch, 232 for each message beside
    /// its client id, topic and payload (reference 3.8).
    @Test func aSharedLogIsCountedBySizesOfItsOwn() throws {
        let terms = ForecastTerms(
            engine: "e", version: "v", format: RowFormat(), setting: Setting(),
            log: .shared(message: 232, batch: 143, entry: 27),
            batching: ForecastTerms.Batching(messages: 1_000, interval: .milliseconds(100)),
            storesAll: true)
        let forecast = try Self.busy().inspect(terms: terms).forecast
        let counts = forecast.recorded
        #expect(counts.commits == 100)
        #expect(forecast.criteria.first { $0.name == "syncs_per_s" }?.holds == true)
        #expect(counts.walBytes == 1_000 * (232 + 6 + 1 + 1_000) + 100 * (143 + 27))
    }

    /// Fails if a name or payload that is replaced changes what is forecast. Everything is equal but what depends
    /// on how well rows compress: names that looked alike look unlike.
    @Test func anonymisedTrafficIsForecastTheSame() throws {
        try Self.compareForecasts(Folder.capture)
    }

    @Test(.enabled(if: Folder.hasShared, "../shared is not beside the project"))
    func anonymisedTrafficOfALargeFleetIsForecastTheSame() throws {
        try Self.compareForecasts(
            Folder.shared.appendingPathComponent("captures/fleet-400.pcap.zst").path)
    }

    private static func compareForecasts(_ capture: String) throws {
        let scratch = ScratchDirectory()
        try convert([capture], to: scratch("a.dstrace")) {
            $0.key = AnonymisationKey(secret: Array("a secret of the tests".utf8))
        }
        let before = try Inspection(captures: [capture]).forecast
        let after = try Inspection(captures: [scratch("a.dstrace")]).forecast
        #expect(before.rates == after.rates && before.shards == after.shards)
        #expect(before.recorded == after.recorded && before.memory == after.memory)
        #expect(before.criteria == after.criteria && before.sentence == after.sentence)
        let change = after.disk.tableBytesPerSecond / before.disk.tableBytesPerSecond - 1
        #expect(abs(change) < 0.05, "\(change)")
    }
}
