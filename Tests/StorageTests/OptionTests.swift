import Knobs
import Storage
import TestSupport
import Testing

/// What is asked of RocksDB is what it runs with, or it is said.
@Suite struct OptionTests {
    /// A knob that is RocksDB's, and a value that a study tries.
    struct Case: CustomTestStringConvertible, Sendable {
        let knob: Knob
        let value: Int64
        var testDescription: String { "\(knob.id) \(value)" }

        /// As `effectiveOptions` names it; pools belong to the process and are tried in `ProcessTests`.
        var option: String? {
            switch knob.reach {
            case .columnFamily(let option): "data." + option
            case .database(let option): option
            case .table(let option): "data.table." + option
            case .uncompressedLevels: value == 0 ? nil : "data.compression_per_level"
            case .writeBufferManager, .rateLimiter: knob.id
            case .pool, .shards, .bufferItems, .bufferBytes, .bufferInterval, .pendingItems,
                .pendingInterval, .idleInterval:
                nil
            }
        }

        var expected: String {
            guard knob.reach == .uncompressedLevels else { return knob.rocksdb(value) }
            return String(repeating: "kNoCompression:", count: Int(value)) + "kSnappyCompression"
        }

        static let all: [Case] = Knob.possible(in: ScratchDirectory()).flatMap { knob in
            knob.range.values.map { Case(knob: knob, value: $0) }
        }.filter { $0.option != nil }
    }

    /// What lets a value stand that RocksDB would refuse or change beside the standard.
    private static let room: [String: [String: Int64]] = [
        "min_write_buffer_number_to_merge": ["atomic_flush": 0, "max_write_buffer_number": 6],
        "enable_pipelined_write": ["atomic_flush": 0],
        "level0_slowdown_writes_trigger": ["level0_stop_writes_trigger": 64],
        "level0_stop_writes_trigger": ["level0_slowdown_writes_trigger": 8],
        "soft_pending_compaction_bytes_limit": ["hard_pending_compaction_bytes_limit": 1 << 40],
        "strict_bytes_per_sync": ["bytes_per_sync": 1 << 20],
        "rate_limiter_bytes_per_sec": ["bytes_per_sync": 1 << 20],
        "use_direct_reads": ["compaction_readahead_size": 2 << 20],
        "recycle_log_file_num": ["wal_recovery_mode": 3],
    ]

    @Test func thereAreKnobsToTry() { #expect(Case.all.count >= 100) }

    /// Every value of every knob, against the library that is linked: asked for and run.
    /// Checklist 2. Fails if `StoreOptions` leaves an option out, misspells a value, or puts it in
    /// another place.
    @Test(arguments: Case.all) func everyValueOfEveryKnobReachesRocksDB(_ example: Case) throws {
        var setting = Setting(Self.room[example.knob.id] ?? [:])
        setting[example.knob] = example.value
        // What would end the process ends it only once something is written.
        #expect(setting.violations.allSatisfy { $0.kind == .fatal })
        let effective = try effectiveOptions(setting)
        let option = try #require(example.option)
        let got = try #require(effective.options[option], "\(option)")
        #expect(OptionText.means(got, example.expected), "\(got)")
        #expect(effective.notHonoured == [])
    }

    /// What the catalogue says that RocksDB refuses, changes or ignores is what RocksDB does: combinations
    /// of values that break the constraint, and others that keep it.
    /// Checklist 2. Fails if a constraint is taken out, says another value, or is of another kind.
    @Test(arguments: Constraint.catalogue.filter { $0.kind != .fatal }.map(\.id))
    func combinationsEndAsTheCatalogueSays(_ id: String) throws {
        let constraint = try #require(Constraint.find(id))
        let possible = Set(Knob.possible(in: ScratchDirectory()).map(\.id))
        guard possible.isSuperset(of: constraint.knobs) else { return }
        let subject = try #require(Knob.find(constraint.subject))
        // So that this one breaks alone.
        let beside: [String: [String: Int64]] = [
            "enable_pipelined_write/unordered_write": ["atomic_flush": 0],
            "min_write_buffer_number_to_merge/max_write_buffer_number": ["atomic_flush": 0],
            "min_write_buffer_number_to_merge/atomic_flush": ["max_write_buffer_number": 6],
        ]
        var start = Setting(beside[id] ?? [:])
        var broken: [Setting] = [], kept: [Setting] = []
        for value in subject.range.values + [max(0, subject.domain.lowerBound)] {
            let others = try constraint.others.map { try #require(Knob.find($0)) }
            start[subject] = value
            for choice in others.reduce(
                into: [start],
                { settings, knob in
                    settings = settings.flatMap { setting in
                        knob.range.values.map { value in
                            var setting = setting
                            setting[knob] = value
                            return setting
                        }
                    }
                })
            {
                let violations = choice.violations.map(\.id)
                if violations == [id] { broken.append(choice) }
                if violations.isEmpty { kept.append(choice) }
            }
        }
        #expect(!broken.isEmpty)
        let option = try #require(
            subject.reach == .columnFamily(option: subject.id) ? "data." + subject.id : subject.id)
        for setting in broken.prefix(2) + broken.suffix(1) {
            switch constraint.kind {
            case .refused, .fatal:
                let error = #expect(throws: StoreOpenError.self) { try effectiveOptions(setting) }
                for knob in constraint.knobs { #expect(error?.reason.contains(knob) == true) }
            case .changed:
                let (options, notHonoured) = try effectiveOptions(setting)
                let run = subject.rocksdb(setting.effective[subject])
                #expect(options[option] == run, "\(setting)")
                #expect(
                    notHonoured == [
                        "\(option): asked for \(subject.rocksdb(setting[subject])), RocksDB runs \(run)"
                    ])
            case .defeated:
                let (options, notHonoured) = try effectiveOptions(setting)
                #expect(options[option] == subject.rocksdb(setting[subject]), "\(setting)")
                #expect(notHonoured == [])
                #expect(setting.effective[subject] == 0)
            }
        }
        for setting in kept.prefix(1) + kept.suffix(1) {
            #expect(try effectiveOptions(setting).notHonoured == [], "\(setting)")
        }
    }

    /// One broken order pulls the next with it.
    @Test func brokenOrdersAreReportedAndMendedAsPredicted() throws {
        let setting = Setting(["level0_file_num_compaction_trigger": 40])
        let (options, notHonoured) = try effectiveOptions(setting)
        for id in ["level0_slowdown_writes_trigger", "level0_stop_writes_trigger"] {
            #expect(setting.effective[id] == 40)
            #expect(options["data.\(id)"] == "40")
            #expect(notHonoured.contains { $0.contains(id) && $0.contains("40") })
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

    /// The three that the article asks for and nobody gets (reference 2.2 and 7.1).
    /// Checklist 2. Fails if `notHonoured` compares fewer options, or the asked ones are mended before.
    @Test func whatTheArticleAsksForAndDoesNotGetIsSaid() throws {
        let article = try effectiveOptions(
            Setting([
                "min_write_buffer_number_to_merge": 2, "max_write_buffer_number": 4,
                "recycle_log_file_num": 4, "bytes_per_sync": 1 << 20,
            ]))
        #expect(
            article.notHonoured.sorted() == [
                "data.min_write_buffer_number_to_merge: asked for 2, RocksDB runs 1",
                "recycle_log_file_num: asked for 4, RocksDB runs 0",
            ])
    }

    /// Snappy at all levels, no filter, 4 KiB blocks, 8 MiB of cache for each column family.
    /// Checklist 5. Fails if a knob's standard or an engine's option departs from EMQX 5.8.9's, or if
    /// options of tables are not read back.
    @Test func tablesAreThoseOfEMQX() throws {
        let (options, notHonoured) = try effectiveOptions(Setting())
        let expected = [
            "data.compression": "kSnappyCompression",
            "data.bottommost_compression": "kDisableCompressionOption",
            "data.table.filter_policy": "nullptr", "data.table.block_size": "4096",
            "data.table.block_cache": "8388608", "data.table.checksum": "kCRC32c",
        ]
        for (name, value) in expected { #expect(options[name] == value, "\(name)") }
        #expect(options["data.compression_per_level"] == nil)
        #expect(notHonoured == [])
    }

    /// Enumerations, switches and numbers are compared by what they mean.
    @Test func spellingsOfOneValueAreOne() {
        #expect(OptionText.means("10", "10.000000") && OptionText.means("true", "1"))
        #expect(OptionText.means("kSnappyCompression", "kSnappyCompression"))
        #expect(!OptionText.means("10", "10.5") && !OptionText.means("true", "0"))
        #expect(!OptionText.means("kSnappyCompression", "kLZ4Compression"))
        #expect(!OptionText.means("1099511627777", "1099511627776"))
    }

    /// An engine and its knobs do not say two things: what the engine fixes and a knob turns, the engine's
    /// standard setting says too; and nothing is reported that nobody asked for.
    @Test(arguments: EngineModel.catalogue.map(\.id))
    func enginesAgreeWithTheirStandardSetting(_ id: String) throws {
        let engine = try #require(EngineModel.find(id))
        let setting = engine.standardSetting
        let options = StoreOptions(engine: engine, setting: setting)
        for (fixed, run) in [
            (engine.databaseOptions, options.databaseOptions),
            (engine.familyOptions, options.familyOptions),
            (engine.tableOptions, options.tableOptions),
            (engine.sizes.map { ($0.option, "\($0.fullScale)") }, options.familyOptions),
            ([("block_cache", "\(engine.blockCache)")], options.tableOptions),
        ] {
            for option in fixed {
                let got = run.first { $0.name == option.0 }?.value
                #expect(got.map { OptionText.means($0, option.1) } == true, "\(option)")
            }
        }
        #expect(try effectiveOptions(setting, of: engine).notHonoured == [])
    }

    /// A setting with no changes is RocksDB, and so EMQX, as it comes.
    @Test func standardsAreRocksDBsOwnDefaults() throws {
        let database = try Database.defaults(ofDatabase: true)
        let family = try Database.defaults(ofDatabase: false)
        let table = OptionText.parse(family["block_based_table_factory"] ?? "")
        // EMQX's own word, where it has one.
        let passed = Dictionary(uniqueKeysWithValues: EngineModel.emqx58Local.databaseOptions)
        // RocksDB means 16 MiB/s by its 0 (include/rocksdb/options.h).
        let meant = ["delayed_write_rate": "\(16 << 20)"]
        for knob in Knob.catalogue {
            let standard: String? =
                switch knob.reach {
                case .columnFamily(let option): family[option]
                case .database(let option): passed[option] ?? meant[option] ?? database[option]
                // Printed without its cache, and `nullptr` for no filter.
                case .table("block_cache"): "\(8 << 20)"
                case .table(let option):
                    table[option] ?? ["block_size": "4096"][option]
                        ?? "nullptr"
                case .uncompressedLevels, .writeBufferManager, .pool, .rateLimiter: "0"
                case .shards, .bufferItems, .bufferBytes, .bufferInterval, .pendingItems,
                    .pendingInterval, .idleInterval:
                    nil
                }
            guard let standard else { continue }
            #expect(OptionText.means(standard, knob.rocksdb(knob.standard)), "\(knob.id)")
        }
        for size in EngineModel.emqx58Local.sizes {
            #expect(family[size.option] == "\(size.fullScale)", "\(size.option)")
        }
    }

    @Test func aMiniatureDividesBytesAndLeavesCounts() {
        let setting = Setting([
            "write_buffer_size": 32 << 20, "max_write_buffer_number": 5,
            "write_buffer_manager": 256 << 20, "bytes_per_sync": 1 << 20,
        ])
        let full = StoreOptions(engine: .emqx58Local, setting: setting)
        let small = StoreOptions(engine: .emqx58Local, setting: setting, miniature: 16)
        let bytes: Set = [
            "write_buffer_size", "target_file_size_base", "max_bytes_for_level_base",
            "soft_pending_compaction_bytes_limit", "hard_pending_compaction_bytes_limit",
            "block_cache",
        ]
        let before = full.familyOptions + full.tableOptions + full.databaseOptions
        let after = small.familyOptions + small.tableOptions + small.databaseOptions
        #expect(bytes.isSubset(of: before.map(\.name)))
        for (before, after) in zip(before, after) {
            #expect(before.name == after.name)
            if bytes.contains(before.name) {
                #expect(Int64(after.value) == Int64(before.value).map { $0 / 16 }, "\(before.name)")
            } else {
                // Also what is off or without limit, and sizes of one disk operation.
                #expect(after.value == before.value, "\(before.name)")
            }
        }
        #expect(small.shared.writeBufferManager == full.shared.writeBufferManager / 16)
        #expect(small.shards == full.shards)
        #expect(small.bufferItems == full.bufferItems)
        #expect(small.bufferBytes == nil && full.bufferBytes == nil)
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
        _ setting: Setting, miniature: UInt64 = 1, of engine: EngineModel = .emqx58Local
    ) throws -> (options: [String: String], notHonoured: [String]) {
        let scratch = ScratchDirectory()
        var setting = setting
        setting["n_shards"] = 1
        let options = StoreOptions(engine: engine, setting: setting, miniature: miniature)
        let store = try ShardedStore(at: scratch("data"), options, on: RocksEngine())
        defer { store.close() }
        return (try store.effectiveOptions(), try store.notHonoured())
    }
}
