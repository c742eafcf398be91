import Foundation
import Knobs
import Measure
import Testing

@Suite struct SettingTests {
    @Test func namingTheStandardChangesNothing() {
        #expect(Setting(["n_shards": 16]) == Setting())
        #expect(Setting(["n_shards": 16]).hashValue == Setting().hashValue)
        var setting = Setting(["n_shards": 8])
        setting["n_shards"] = 16
        #expect(setting == Setting())
        #expect(setting.fingerprint == "standard" && setting.description == "standard")
    }

    @Test func fingerprintAndDescriptionAreStable() {
        let setting = Setting(["write_buffer_size": 128 << 20, "n_shards": 8])
        #expect(setting.fingerprint == "n_shards=8;write_buffer_size=134217728")
        #expect(setting.description == "write_buffer_size 128 MiB, n_shards 8")
        #expect(
            setting.differences(from: Setting(["n_shards": 8])).map(\.id) == ["write_buffer_size"])
    }

    @Test func codingKeepsEveryValue() throws {
        let setting = Setting(["n_shards": 8])
        let data = try JSONEncoder().encode(setting)
        #expect(try JSONDecoder().decode([String: Int64].self, from: data) == setting.complete)
        #expect(try JSONDecoder().decode(Setting.self, from: data) == setting)
        #expect(try JSONDecoder().decode(Setting.self, from: Data("{}".utf8)) == Setting())
    }

    @Test(arguments: ["{\"n_shard\": 8}", "{\"n_shards\": 0}", "[]", "{\"n_shards\": \"8\"}"])
    func foreignRecordIsRefused(_ json: String) {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(Setting.self, from: Data(json.utf8))
        }
    }

    @Test func effectiveSettingIsWhatRocksDBMakesOfIt() {
        let setting = Setting([
            "level0_file_num_compaction_trigger": 30, "level0_slowdown_writes_trigger": 8,
            "level0_stop_writes_trigger": 12,
        ])
        #expect(setting.violations.map(\.subject) == ["level0_slowdown_writes_trigger"])
        #expect(setting.effective["level0_slowdown_writes_trigger"] == 30)
        #expect(setting.effective["level0_stop_writes_trigger"] == 30)
        #expect(setting.effective.violations.isEmpty)
        #expect(Setting().violations.isEmpty)
    }

    /// Settings that RocksDB makes equal are one; what it refuses stays what it is.
    @Test func whatRocksDBMakesEqualIsOneConfiguration() {
        let pairs: [([String: Int64], [String: Int64])] = [
            (
                ["min_write_buffer_number_to_merge": 3, "max_write_buffer_number": 6],
                ["max_write_buffer_number": 6]
            ),
            (["recycle_log_file_num": 4], [:]), (["strict_bytes_per_sync": 1], [:]),
            (
                ["use_direct_reads": 1],
                ["use_direct_reads": 1, "compaction_readahead_size": 2 << 20]
            ),
            (
                ["write_buffer_manager": 256 << 20, "db_write_buffer_size": 10 << 20],
                ["write_buffer_manager": 256 << 20]
            ),
            (
                ["rate_limiter_bytes_per_sec": 16 << 20],
                ["rate_limiter_bytes_per_sec": 16 << 20, "bytes_per_sync": 1 << 20]
            ),
        ]
        for (asked, run) in pairs {
            #expect(!Setting(asked).violations.isEmpty, "\(asked)")
            #expect(Setting(asked).effective == Setting(run), "\(asked)")
            #expect(Setting(run).violations.isEmpty, "\(run)")
        }
        let refused = Setting(["enable_pipelined_write": 1])
        #expect(refused.violations.map(\.kind) == [.refused])
        #expect(refused.effective == refused)
        let fatal = Setting(["recycle_log_file_num": 4, "wal_recovery_mode": 3])
        #expect(fatal.violations.map(\.kind) == [.fatal])
    }

    /// So a setting has to be looked at only where it differs from the standard.
    @Test func standardValuesBreakNothing() {
        for constraint in Constraint.catalogue {
            #expect(
                constraint.run(Setting()) == Setting()[constraint.subject], "\(constraint.id)")
        }
    }

    @Test func restrictionTakesOnlyTheNamedKnobs() throws {
        let control = Setting(["n_shards": 4])
        let setting = Setting(["n_shards": 8, "write_buffer_size": 16 << 20])
        let knob = try #require(Knob.find("write_buffer_size"))
        #expect(
            setting.restricted(to: [knob], over: control)
                == Setting(["n_shards": 4, "write_buffer_size": 16 << 20]))
    }

    /// Every subset of the knobs gets settings that differ there only and break nothing.
    @Test func randomSettingIsValidAndStaysInItsKnobs() {
        let root: UInt64 = 11
        let control = Setting(["level0_stop_writes_trigger": 20, "n_shards": 4])
        for round in 0..<100 {
            var seed = Seed(root).branch("\(round)")
            let knobs = Knob.catalogue.filter { _ in Bool.random(using: &seed) }
            let setting = Setting.random(over: knobs, control: control, using: &seed)
            #expect(setting.violations.isEmpty, "seed \(root), round \(round): \(setting)")
            let ids = Set(knobs.map(\.id))
            #expect(setting.differences(from: control).allSatisfy { ids.contains($0.id) })
            #expect(
                knobs.allSatisfy {
                    $0.range.contains(setting[$0]) || setting[$0] == control[$0]
                })
        }
    }

    @Test func randomSettingsReachEveryValue() {
        var seed = Seed(3).branch("reach")
        let drawn = (0..<2_000).map { _ in
            Setting.random(over: Knob.catalogue, control: Setting(), using: &seed)
        }
        for knob in Knob.catalogue {
            // RocksDB 7.8 recycles no WAL files in any way that it survives.
            let possible = knob.id == "recycle_log_file_num" ? [0] : knob.range.values
            #expect(Set(drawn.map { $0[knob] }) == Set(possible), "\(knob.id)")
        }
    }

    @Test func controlThatLeavesNoRoomIsTheAnswer() throws {
        let control = Setting([
            "level0_slowdown_writes_trigger": 4, "level0_stop_writes_trigger": 5,
        ])
        let knob = try #require(Knob.find("level0_slowdown_writes_trigger"))
        var seed = Seed(1)
        #expect(Setting.random(over: [knob], control: control, using: &seed) == control)
    }
}
