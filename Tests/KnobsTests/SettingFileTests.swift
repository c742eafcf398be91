import HOCON
import Knobs
import Measure
import Testing

@Suite struct SettingFileTests {
    private func read(_ text: String, _ version: String? = nil) throws -> SettingFile {
        let dialect = try version.map { try Dialect.find(version: $0, edition: "ee") }
        return try SettingFile(reading: HOCONValue(parsing: text, file: "emqx.conf"), for: dialect)
    }

    @Test func emqxKeysAreRead() throws {
        let file = try read(
            """
            node.name = emqx@127.0.0.1
            durable_sessions.enable = true
            durable_storage.messages {
              backend = builtin_local
              n_shards = 8
              local_write_buffer { max_items = 500, flush_interval = 50ms }
            }
            """, "5.8")
        #expect(
            file.setting
                == Setting([
                    "n_shards": 8, "local_write_buffer.max_items": 500,
                    "local_write_buffer.flush_interval": 50,
                ]))
        #expect(file.notes.map(\.kind) == [.notVaried])
        #expect(file.notes.first?.description.hasPrefix("emqx.conf:4:3: ") == true)
    }

    static let article = """
        durable_storage.messages {
          replication_factor = 3
          rocksdb { cache_size = "256MB", write_buffer_size = "64MB", max_open_files = 1024 }
        }
        durable_storage.messages.rocksdb {
          write_buffer_size = "128MB"
          max_write_buffer_number = 4
          min_write_buffer_number_to_merge = 2
          max_background_jobs = 6
          level0_slowdown_writes_trigger = 20
          level0_stop_writes_trigger = 36
          cache_size = "512MB"
          wal_recycle = true
          bytes_per_sync = "1MB"
        }
        """

    /// All of the article's keys turn something here; two of them RocksDB 7 undoes.
    @Test func articleIsReadWithoutADialect() throws {
        let file = try read(Self.article)
        #expect(
            file.setting
                == Setting([
                    "write_buffer_size": 128 << 20, "max_write_buffer_number": 4,
                    "max_background_jobs": 6, "block_cache": 512 << 20, "max_open_files": 1_024,
                    "bytes_per_sync": 1 << 20,
                ]))
        let notVaried = file.notes.filter { $0.kind == .notVaried }
        #expect(notVaried.map(\.path) == ["durable_storage.messages.replication_factor"])
        let undone = file.notes.filter { $0.kind == .warning }
        #expect(
            undone.map { String($0.path.split(separator: ".").last ?? "") } == [
                "wal_recycle", "min_write_buffer_number_to_merge",
            ])
        #expect(undone.map(\.position?.line) == [13, 8])
    }

    @Test func dialectWarnsOfWhatItRefuses() throws {
        let warnings = try read(Self.article, "5.8").notes.filter { $0.kind == .warning }
        let refused = warnings.filter { $0.sentence.contains("would not boot") }
        #expect(refused.count == 10 && warnings.count == 12)
        #expect(refused.first { $0.path.hasSuffix("max_background_jobs") }?.position?.line == 9)
    }

    /// EMQX 6 has three of the knobs under other names; a file for it means those.
    @Test func keysOfOtherNamesAreReadForTheirVersion() throws {
        let six = try read("durable_storage.messages.rocksdb.write_buffer_size = 64MB", "6.0.1")
        #expect(six.setting == Setting(["db_write_buffer_size": 64 << 20]))
        #expect(six.notes.first?.sentence.contains("the total of all memtables") == true)
        let group = """
            durable_storage.db_groups.messages {
              write_buffer_size = "512 MiB", rocksdb_nthreads_high = 4, rocksdb_nthreads_low = 8
            }
            """
        #expect(
            try read(group, "6.0.2").setting
                == Setting([
                    "write_buffer_manager": 512 << 20, "background_threads_high": 4,
                    "background_threads_low": 8,
                ]))
        let thousands = "durable_storage.db_groups.messages.write_buffer_size = 512MB"
        #expect(try read(thousands, "6.2").setting["write_buffer_manager"] == 512_000_000)
        #expect(try read(thousands, "5.8").setting == Setting())
    }

    @Test func whatRocksDBMendsIsMendedAndSaid() throws {
        let file = try read("durable_storage.messages.rocksdb.level0_stop_writes_trigger = 10")
        #expect(file.setting["level0_stop_writes_trigger"] == 20)
        #expect(file.notes.first?.kind == .warning && file.notes.first?.position?.line == 1)
    }

    static let refused: [(String, String)] = [
        (
            "rocksdb.write_bufer_size = 64MB",
            "did you mean `durable_storage.messages.rocksdb.write_buffer_size`"
        ),
        ("rocksdb.level0_slowdown = 5", "is not a key"),
        (
            "local_write_buffer.max_item = 5",
            "did you mean `durable_storage.messages.local_write_buffer.max_items`"
        ),
        (
            "rocksdb.byte_per_sync = \"1MB\"",
            "did you mean `durable_storage.messages.rocksdb.bytes_per_sync`"
        ),
        ("rocksdb.cachesize = 1MB", "did you mean `durable_storage.messages.rocksdb.cache_size`"),
        ("rocksdb.wal_recycle = perhaps", "has to be a whole number, not perhaps"),
        ("rocksdb.atomic_flush = 1", "write true or false"),
        ("rocksdb.compression = lz4", "has to be one of kNoCompression, kSnappyCompression"),
        ("rocksdb.compression = 4", "has to be one of kNoCompression, kSnappyCompression"),
        ("rocksdb.max_open_files = -2", "write a value from infinity to 1000000"),
        ("rocksdb.enable_pipelined_write = true", "does not open a database with both"),
        ("local_write_buffer.max_bytes = -1", "write a value from infinity to"),
        ("n_shard = 4", "did you mean `durable_storage.messages.n_shards`"),
        ("n_shards.x = 4", "is not a key"),
        ("rocksdb = 5", "has to be a block"),
        ("n_shards = 0", "write a value from 1 to 1024"),
        ("n_shards = -4", "write a value from 1 to 1024"),
        ("n_shards = many", "has to be a whole number, not many"),
        ("n_shards = \"16\"", "write digits without quotes"),
        ("n_shards = 2.5", "has to be a whole number"),
        ("n_shards = 99999999999999999999", "has to be a whole number"),
        ("n_shards = null", "has to be a whole number, not null"),
        ("rocksdb.write_buffer_size = 64ms", "has to be a size"),
        ("rocksdb.write_buffer_size = 0", "write a value from \"64KB\" to \"64GB\""),
        ("rocksdb.write_buffer_size = \"-64MB\"", "has to be a size"),
        ("rocksdb.max_write_buffer_number = 1", "write a value from 2 to 64"),
        ("local_write_buffer.flush_interval = 2d", "write a value from \"0ms\""),
        ("local_write_buffer.flush_interval = 5MB", "has to be a duration"),
        ("local_write_buffer.max_items = infinity", "has to be a whole number, not infinity"),
    ]

    @Test(arguments: refused) func mistakeNamesKeyLineAndRemedy(_ line: String, _ says: String)
        throws
    {
        let error = try #require(throws: KnobError.self) {
            try read("# first\ndurable_storage.messages.\(line)")
        }
        #expect(
            error.description.hasPrefix("emqx.conf:2:1: `durable_storage.messages."), "\(error)")
        #expect(error.description.contains(says), "\(error)")
    }

    /// To EMQX a quoted root key is one unknown name, not a path.
    @Test func quotedPathIsNotAPath() throws {
        #expect(try read("\"durable_storage.messages.n_shards\" = 4").setting == Setting())
    }

    @Test func articleStyleReadsBackToTheSameSetting() throws {
        let root: UInt64 = 42
        var seed = Seed(root).branch("article style")
        for round in 0..<200 {
            var setting = Setting.random(over: Knob.catalogue, control: Setting(), using: &seed)
            // Also sizes that no unit divides.
            if round % 5 == 0 { setting["write_buffer_size"] += Int64(round) }
            let text = setting.emqxStyleConf(header: ["round \(round)"]).rendered()
            let file = try read(text)
            #expect(file.setting == setting, "seed \(root), round \(round)")
            #expect(file.notes.isEmpty)
        }
    }
}
