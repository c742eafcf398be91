import Foundation
import Knobs
import Layout
import MQTT
import Storage
import TestSupport
import Testing

/// What `dstune diagnose` says of directories that the engine model wrote.
@Suite struct DiagnoseTests {
    /// Messages with none, one and two varying levels, from a few clients, two of them with properties.
    static let messages: [Message] = (0..<900).map { number in
        let topic =
            switch number % 3 {
            case 0: "plant/\(number % 7)"
            case 1: "site/\(number % 40)/state"
            default: "dev/\(number % 25)/m/\(number / 25)"
            }
        return Message(
            client: "client-\(number % 13)", topic: topic,
            qos: number % 2 == 0 ? .atLeastOnce : .exactlyOnce,
            properties: number % 13 < 2 ? [.userProperty("unit", "K"), .contentType("text")] : [],
            payload: Array("\(number):reading".utf8))
    }

    /// Writes them into shards below `path` and lets go of them.
    static func write(to path: String, shards: Int, miniature: UInt64 = 1_024) throws {
        // Several batches, whatever the timing.
        let options = StoreOptions.test(
            ["n_shards": Int64(shards), "local_write_buffer.max_items": 100], miniature: miniature)
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        let store = try ShardedStore(at: path, options, on: RocksEngine())
        for message in messages { store.submit(message) }
        store.close()
    }

    static func diagnose(_ path: String, sample: Int? = nil) throws -> Diagnosis {
        try Diagnoser(DataDirectory(at: path), sample: sample).run()
    }

    /// Fails if opening takes the LOCK, starts a LOG or touches anything: `DB::Open` in place of
    /// `DB::OpenForReadOnly`.
    @Test func everyRowIsCountedAndNoByteIsWritten() throws {
        let scratch = ScratchDirectory()
        try Self.write(to: scratch("messages"), shards: 4)
        let before = try DataTree(scratch.path)
        let diagnosis = try Self.diagnose(scratch.path)
        #expect(try DataTree(scratch.path) == before)
        #expect(before.count > 4 * 6)

        #expect(diagnosis.scheme == .emqx5)
        #expect(diagnosis.shards.map(\.shard) == [0, 1, 2, 3])
        // The same messages, counted without a database.
        let counting = CountingStore(shards: 4)
        for message in Self.messages { counting.submit(message) }
        let footprint = counting.footprint
        let rows = diagnosis.total.rows
        #expect(rows.data == Self.messages.count)
        #expect(rows.data + rows.indexRows + rows.trie == footprint.puts)
        #expect(rows.index.keys.sorted() == [1, 2])
        #expect(rows.other == 0)
        #expect(diagnosis.total.files.wal.files >= 4)
        #expect(diagnosis.total.logs.files == 4)
        #expect(diagnosis.total.logs.versions == [RocksEngine.version])
        #expect(
            diagnosis.shards.allSatisfy {
                $0.generations.map(\.generation) == [1] && $0.rocksdb == RocksEngine.version
            })
        let varying = diagnosis.topics.map(\.pattern)
        #expect(varying.contains("site/+/state"))
        #expect(varying.contains { $0.hasPrefix("dev/") && $0.hasSuffix("/m/+") })
        #expect(!varying.contains { $0.hasPrefix("plant/") })
        #expect(diagnosis.redacted().topics.contains { $0.pattern == "…/+/…" })
    }

    /// The model writes what the model wrote: values byte for byte, and every count.
    ///
    /// Fails if topics are learned in the order of the keys instead of the time of their first message.
    @Test func theModelPredictsItsOwnDirectory() throws {
        let scratch = ScratchDirectory()
        try Self.write(to: scratch("0/messages"), shards: 2)
        let diagnosis = try Self.diagnose(scratch.path)
        let model = try #require(diagnosis.total.model)
        #expect(model.differences == [])
        #expect(model.identical == Self.messages.count)
        #expect(model.predicted == diagnosis.total.rows)
        #expect(!diagnosis.findings.contains { $0.rule == "differs_from_model" })
        #expect(diagnosis.text().contains("differs from the model: no"))
    }

    /// A missing index row is a difference that the report names.
    @Test func whatIsMissingDiffersFromTheModel() throws {
        let scratch = ScratchDirectory()
        try GenerationWriter.write(to: scratch("3"), dropIndexOf: "dev/11")
        let diagnosis = try Self.diagnose(scratch("3"))
        #expect(diagnosis.scheme == .shard)
        #expect(diagnosis.shards.map(\.shard) == [3])
        let model = try #require(diagnosis.shards[0].generations[0].model)
        #expect(
            model.differences.map(\.what) == ["index_level_1", "index_puts", "key_bytes"],
            "\(model.differences)"
        )
        #expect(diagnosis.findings.contains { $0.rule == "differs_from_model" })
    }

    /// A generation begins with what the one before learned of varying levels, and with nothing else.
    ///
    /// Fails if `TrieRows.inherited` keeps literal paths too, or forgets the levels of the streams.
    @Test func aLaterGenerationInheritsVaryingLevels() throws {
        let scratch = ScratchDirectory()
        try GenerationWriter.write(to: scratch("0"), generations: 2)
        let diagnosis = try Self.diagnose(scratch("0"))
        let generations = diagnosis.shards[0].generations
        #expect(generations.map(\.generation) == [1, 2])
        for generation in generations {
            let model = try #require(generation.model, "\(generation.notCompared ?? "")")
            #expect(model.differences == [], "generation \(generation.generation)")
        }
        #expect(generations[1].rows.trie == 4 + 3, "four inherited rows, and those of 'other'")
        #expect(diagnosis.findings.contains { $0.rule == "generation_not_dropped" })
    }

    @Test func aSampleSaysThatItIsOne() throws {
        let scratch = ScratchDirectory()
        // No memtable is full: RocksDB estimates from what it reads out of the log, and that is exact.
        try Self.write(to: scratch("messages"), shards: 1, miniature: 1)
        let diagnosis = try Self.diagnose(scratch.path, sample: 100)
        let generation = diagnosis.shards[0].generations[0]
        #expect(generation.sampled)
        #expect(generation.rows.data + generation.rows.indexRows == 100)
        #expect(generation.estimatedRows > 100)
        #expect(generation.model == nil)
        #expect(generation.notCompared == "only a sample of its rows was read")
        #expect(diagnosis.text().contains("--sample"))
    }

    /// EMQX 5.8's own options give no finding; anything else is named with both values.
    @Test func optionsThatAreNotEMQXsAreNamed() throws {
        let scratch = ScratchDirectory()
        try Self.write(to: scratch("messages"), shards: 1)
        let miniature = try Self.diagnose(scratch.path).shards[0].optionDifferences
        #expect(miniature.contains { $0.option == "write_buffer_size" && $0.emqx == "67108864" })
        #expect(miniature.allSatisfy { $0.option.contains("bytes") || $0.option.contains("size") })
        // As much from the log, when the OPTIONS file is not there.
        for name in try FileManager.default.contentsOfDirectory(atPath: scratch("messages/0"))
        where name.hasPrefix("OPTIONS-") {
            try FileManager.default.removeItem(atPath: scratch("messages/0/" + name))
        }
        let logged = try Self.diagnose(scratch.path).shards[0].optionDifferences
        #expect(logged.map(\.option) == miniature.map(\.option))
    }

    @Test func jsonHasTheKeysOfAFootprint() throws {
        let scratch = ScratchDirectory()
        try Self.write(to: scratch("messages"), shards: 1)
        let data = try JSONEncoder().encode(Self.diagnose(scratch.path))
        let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let total = try #require(json["total"] as? [String: Any])
        let rows = try #require(total["rows"] as? [String: Int])
        #expect(rows["data_puts"] == Self.messages.count)
        for key in [
            "value_bytes", "index_puts", "index_level_1", "streams", "trie_puts", "trie_bytes",
        ] {
            #expect(rows[key] ?? 0 > 0, "\(key)")
        }
        #expect(json["findings"] is [Any])
    }
}
