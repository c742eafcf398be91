import Foundation
import Layout
import Storage
import TestSupport
import Testing

/// Findings that need no capture, each on a directory that has what it speaks of.
@Suite struct DiagnoseRuleTests {
    private func findings(_ path: String) throws -> [String: Diagnosis.Finding] {
        Dictionary(
            uniqueKeysWithValues: try DiagnoseTests.diagnose(path).findings.map { ($0.rule, $0) })
    }

    private func write(
        _ messages: [Message], shards: Int64, to path: String,
        _ change: (inout StoreOptions) -> Void = { _ in }
    ) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        var options = StoreOptions.test(["n_shards": shards])
        change(&options)
        let store = try ShardedStore(at: path, options, on: RocksEngine())
        for message in messages { store.submit(message) }
        store.close()
    }

    /// Fails if the mean is taken of the shards that have messages, or index rows are taken for messages.
    @Test func oneBusyClientMakesAHotShardAndVaryingLevelsMakeIndexRows() throws {
        let scratch = ScratchDirectory()
        let messages = (0..<3_000).map {
            Message(
                client: "bridge", topic: "a/\($0 % 60)/\($0 % 61)/\($0 % 59)/\($0 % 53)",
                payload: [1])
        }
        try write(messages, shards: 3, to: scratch("messages"))
        let found = try findings(scratch.path)
        let hot = try #require(found["hot_shard"])
        #expect(hot.count == 1)
        #expect(hot.examples[0].hasSuffix("3000 messages, mean 1000"), "\(hot.examples)")
        let heavy = try #require(found["index_heavy"])
        #expect(heavy.severity == .warning && heavy.count >= 6_000)
        #expect(found["too_many_streams"] == nil)
    }

    /// A topic for nearly every message, within what the trie gives streams of their own.
    @Test func topicsThatEnumerateMakeTooManyStreams() throws {
        let scratch = ScratchDirectory()
        let messages = (0..<1_000).map {
            Message(client: "c", topic: "r\($0 / 10)/\($0 % 10)", payload: [1])
        }
        try write(messages, shards: 1, to: scratch("messages"))
        let found = try findings(scratch.path)
        #expect(
            found["too_many_streams"]?.examples == ["1000 streams for 1000 messages"], "\(found)")
        #expect(found["hot_shard"] == nil && found["index_heavy"] == nil)
    }

    /// What RocksDB reserved for its log lies behind the log's end after a kill; a clean close gives it back.
    @Test func blocksBehindTheEndOfTheLogAreWaste() async throws {
        let scratch = ScratchDirectory()
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = scratch.path as String] in
            let names = ["default", "emqx_ds_storage_skipstream_lts_data1"]
            for (shard, isKilled) in [("0", false), ("1", true)] {
                let database = try Database(
                    path: path + "/" + shard, shard: 0,
                    options: "create_if_missing=true;create_missing_column_families=true;"
                        + "allow_fallocate=true",
                    families: names.map {
                        ColumnFamily(name: $0, options: "write_buffer_size=8388608")
                    }, on: RocksEngine())
                try database.put([1], [1], family: 0)
                if isKilled { kill(getpid(), SIGKILL) }
            }
        }
        let diagnosis = try DiagnoseTests.diagnose(scratch.path)
        #expect(diagnosis.shards.map(\.shard) == [0, 1])
        let waste = try #require(
            diagnosis.findings.first { $0.rule == "wal_preallocation_waste" })
        #expect(waste.count >= 8 << 20 && waste.count <= 10 << 20, "\(waste)")
        #expect(waste.severity == .info && waste.examples.count == 1)
        #expect(waste.examples[0].hasPrefix("shard 1: "))
    }

    /// Layouts that are not known, and a key that the known one does not make.
    @Test func rowsOfOtherLayoutsAreCountedAndSaid() throws {
        let scratch = ScratchDirectory()
        let names = [
            "default", "emqx_ds_storage_reference1", "emqx_ds_storage_bitfield_lts_data2",
            "emqx_ds_storage_bitfield_lts_trie2", "emqx_ds_storage_skipstream_lts_data3",
            "emqx_ds_storage_skipstream_lts_trie3",
        ]
        try {
            let database = try Database(
                path: scratch("0"), shard: 0,
                options: "create_if_missing=true;create_missing_column_families=true",
                families: names.map { ColumnFamily(name: $0, options: "") }, on: RocksEngine())
            for (family, count) in [(1, 3), (2, 2), (4, 1)] {
                for number in 0..<count {
                    try database.put([UInt8(number), 1, 2], [0], family: family)
                }
            }
        }()
        let diagnosis = try DiagnoseTests.diagnose(scratch("0"))
        #expect(diagnosis.total.rows.other == 6 && diagnosis.total.rows.data == 0)
        let generations = diagnosis.shards[0].generations
        #expect(generations.map(\.generation) == [1, 2, 3])
        #expect(
            generations.map(\.format.layout) == ["reference", "bitfield_lts", "skipstream_lts"])
        #expect(generations.map(\.format.keys) == [nil, nil, .skipstream])
        #expect(generations[0].notCompared?.contains("reference") == true)
        let finding = try #require(diagnosis.findings.first { $0.rule == "foreign_rows" })
        #expect(finding.count == 6)
        #expect(
            finding.examples == [
                "shard 0, generation 1 (reference): 3 rows",
                "shard 0, generation 2 (bitfield_lts): 2 rows",
                "shard 0, generation 3 (skipstream_lts): 1 rows",
            ])
    }

    /// RocksDB itself rolls its log over; what it flushed is known from its listener.
    ///
    /// Fails if only LOG is read, or the logs in another order than they were written in.
    @Test func aLogThatWasRolledOverIsReadWhole() throws {
        let scratch = ScratchDirectory()
        let engine = RocksEngine()
        var flushes = 0
        try {
            let database = try Database(
                path: scratch("0"), shard: 0,
                options: "create_if_missing=true;create_missing_column_families=true;"
                    + "max_log_file_size=20000;keep_log_file_num=1000",
                families: ["default", "emqx_ds_storage_skipstream_lts_data1"].map {
                    ColumnFamily(
                        name: $0,
                        options: "write_buffer_size=65536;disable_auto_compactions=true;"
                            + "level0_slowdown_writes_trigger=1000;level0_stop_writes_trigger=1000")
                }, on: engine)
            for number in 0..<24 {
                try database.put(
                    [UInt8(number)], [UInt8](repeating: 1, count: 100_000), family: 1)
                try wait("a flush") { database.property("rocksdb.num-immutable-mem-table") == 0 }
            }
        }()
        for event in engine.takeEvents() {
            if case .flushBegan = event.kind { flushes += 1 }
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: scratch("0"))
        let old = names.filter { $0.hasPrefix("LOG.old.") }
        #expect(old.count >= 2, "\(names)")
        let logs = try DiagnoseTests.diagnose(scratch("0")).total.logs
        #expect(logs.files == old.count + 1)
        #expect(flushes > 10 && logs.flushes.count == flushes)
        #expect(logs.first ?? "" < logs.last ?? "")
    }
}
