import Knobs
import Storage
import TestSupport
import Testing

/// What is asked of RocksDB is what it runs with, or it is said.
@Suite struct OptionTests {
    /// A knob that is one of RocksDB's options, and one end of what a study tries.
    struct Case: CustomTestStringConvertible, Sendable {
        let knob: Knob
        let value: Int64
        var testDescription: String { "\(knob.id) \(value)" }

        /// As `effectiveOptions` names it.
        var option: String {
            switch knob.reach {
            case .columnFamily(let option): "data." + option
            case .database(let option): option
            case .shards, .bufferItems, .bufferInterval: ""
            }
        }

        static let all: [Case] = Knob.catalogue.flatMap { knob -> [Case] in
            let values = knob.range.values
            return [values[0], values[values.count - 1]].map { Case(knob: knob, value: $0) }
        }.filter { !$0.option.isEmpty }
    }

    @Test func thereAreKnobsToTry() { #expect(Case.all.count >= 12) }

    @Test(arguments: Case.all) func everyKnobReachesRocksDB(_ example: Case) throws {
        var setting = Setting([example.knob.id: example.value])
        // The neighbours make room, so that the value may stand.
        for constraint in Constraint.catalogue where !constraint.isKept(by: setting) {
            let other = constraint.upper == example.knob.id ? constraint.lower : constraint.upper
            setting[other] = example.value
        }
        #expect(setting.violations.isEmpty)
        let effective = try effectiveOptions(setting)
        #expect(effective.options[example.option] == "\(example.value)")
        #expect(effective.notHonoured == [])
    }

    /// The catalogue's account of what RocksDB makes of a broken order is RocksDB's.
    @Test func brokenOrdersAreReportedAndMendedAsPredicted() throws {
        let setting = Setting(["level0_file_num_compaction_trigger": 40])
        #expect(setting.violations.count >= 1)
        let (options, notHonoured) = try effectiveOptions(setting)
        for constraint in Constraint.catalogue {
            let upper = setting.effective[constraint.upper]
            #expect(options["data.\(constraint.upper)"] == "\(upper)")
            #expect(
                notHonoured.contains { $0.contains(constraint.upper) && $0.contains("\(upper)") })
        }
        #expect(notHonoured.count == 2)
    }

    @Test func whatRocksDBRaisesIsReported() throws {
        let single = try effectiveOptions(Setting(["max_write_buffer_number": 1]))
        #expect(single.options["data.max_write_buffer_number"] == "2")
        #expect(single.notHonoured.count == 1)

        let tiny = try effectiveOptions(Setting(["write_buffer_size": 16 << 20]), miniature: 1_024)
        #expect(tiny.options["data.write_buffer_size"] == "65536")
        #expect(tiny.options["data.block_cache"] == "\(8 << 10)")
        #expect(
            tiny.notHonoured.contains { $0.contains("write_buffer_size") && $0.contains("16384") })
    }

    /// A setting with no changes is RocksDB, and so EMQX, as it comes.
    @Test func standardsAreRocksDBsOwnDefaults() throws {
        let database = try Database.defaults(ofDatabase: true)
        let family = try Database.defaults(ofDatabase: false)
        for knob in Knob.catalogue {
            switch knob.reach {
            case .columnFamily(let option):
                #expect(family[option] == "\(knob.standard)", "\(knob.id)")
            case .database(let option):
                #expect(database[option] == "\(knob.standard)", "\(knob.id)")
            case .shards, .bufferItems, .bufferInterval: break
            }
        }
        for size in EngineModel.emqx58Local.sizes {
            #expect(family[size.option] == "\(size.fullScale)", "\(size.option)")
        }
    }

    @Test func aMiniatureDividesBytesAndLeavesCounts() {
        let setting = Setting(["write_buffer_size": 32 << 20, "max_write_buffer_number": 5])
        let full = StoreOptions(engine: .emqx58Local, setting: setting)
        let small = StoreOptions(engine: .emqx58Local, setting: setting, miniature: 16)
        let bytes: Set = [
            "write_buffer_size", "target_file_size_base", "max_bytes_for_level_base",
            "soft_pending_compaction_bytes_limit", "hard_pending_compaction_bytes_limit",
        ]
        #expect(bytes.isSubset(of: full.familyOptions.map(\.name)))
        for (before, after) in zip(full.familyOptions, small.familyOptions) {
            #expect(before.name == after.name)
            if bytes.contains(before.name) {
                #expect(Int64(after.value) == Int64(before.value).map { $0 / 16 }, "\(before.name)")
            } else if before.name == "block_based_table_factory" {
                #expect(before.value.contains("block_cache=\(8 << 20)"))
                #expect(after.value.contains("block_cache=\(8 << 16)"))
            } else {
                #expect(after.value == before.value, "\(before.name)")
            }
        }
        #expect(small.databaseOptions.map(\.value) == full.databaseOptions.map(\.value))
        #expect(small.shards == full.shards)
        #expect(small.bufferItems == full.bufferItems)
    }

    /// What RocksDB does not know is refused by name, not skipped.
    @Test func anUnknownOptionIsRefusedByName() throws {
        let scratch = ScratchDirectory()
        let error = #expect(throws: RocksError.self) {
            _ = try Database(
                path: scratch("data"), shard: 0, options: "create_if_missing=true",
                families: [ColumnFamily(name: "default", options: "wal_recycle=1")],
                on: RocksEngine())
        }
        #expect(error?.description.contains("wal_recycle") == true)
    }

    @Test func optionTextKeepsGroupsWhole() {
        let parsed = OptionText.parse(" a=1; b={c=2;d={e=3;}};f=x=y;empty=;")
        #expect(parsed == ["a": "1", "b": "c=2;d={e=3;}", "f": "x=y", "empty": ""])
        let options = [("write_buffer_size", "65536"), ("max_open_files", "-1")]
        let text = OptionText.print(options.map { (name: $0.0, value: $0.1) })
        #expect(OptionText.parse(text) == Dictionary(uniqueKeysWithValues: options))
        #expect(OptionText.parse("").isEmpty)
    }

    private func effectiveOptions(
        _ setting: Setting, miniature: UInt64 = 1
    ) throws -> (options: [String: String], notHonoured: [String]) {
        let scratch = ScratchDirectory()
        var setting = setting
        setting["n_shards"] = 1
        let options = StoreOptions(engine: .emqx58Local, setting: setting, miniature: miniature)
        let store = try ShardedStore(at: scratch("data"), options, on: RocksEngine())
        defer { store.close() }
        return (try store.effectiveOptions(), try store.notHonoured())
    }
}
