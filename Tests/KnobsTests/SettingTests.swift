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
        #expect(setting.violations.map(\.upper) == ["level0_slowdown_writes_trigger"])
        #expect(setting.effective["level0_slowdown_writes_trigger"] == 30)
        #expect(setting.effective["level0_stop_writes_trigger"] == 30)
        #expect(setting.effective.violations.isEmpty)
        #expect(Setting().violations.isEmpty)
    }

    @Test func restrictionTakesOnlyTheNamedKnobs() throws {
        let control = Setting(["n_shards": 4])
        let setting = Setting(["n_shards": 8, "write_buffer_size": 16 << 20])
        let knob = try #require(Knob.find("write_buffer_size"))
        #expect(
            setting.restricted(to: [knob], over: control)
                == Setting(["n_shards": 4, "write_buffer_size": 16 << 20]))
    }

    /// Every subset of three to nine knobs gets settings that differ there only and break nothing.
    @Test func randomSettingIsValidAndStaysInItsKnobs() {
        let root: UInt64 = 11
        let control = Setting(["level0_stop_writes_trigger": 20, "n_shards": 4])
        for round in 0..<500 {
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
            #expect(Set(drawn.map { $0[knob] }) == Set(knob.range.values), "\(knob.id)")
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
