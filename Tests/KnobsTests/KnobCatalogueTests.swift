import HOCON
import Knobs
import Measure
import Testing

@Suite struct KnobCatalogueTests {
    @Test func idsAndPathsAreUnique() {
        #expect(Set(Knob.catalogue.map(\.id)).count == Knob.catalogue.count)
        #expect(Set(Knob.catalogue.map(\.articlePath)).count == Knob.catalogue.count)
    }

    @Test(arguments: Knob.catalogue.map(\.id)) func knobIsWhole(_ id: String) throws {
        let knob = try #require(Knob.find(id))
        #expect(knob.articlePath.hasPrefix("durable_storage.messages."))
        #expect(knob.range.values == knob.range.values.sorted())
        #expect(Set(knob.range.values).count == knob.range.values.count)
        #expect(knob.range.values.count > 1)
        #expect(knob.range.contains(knob.standard), "the control of a fresh node can be drawn")
        #expect(knob.range.values.allSatisfy { knob.domain.contains($0) })
        #expect(knob.effect.hasSuffix(".") && !knob.effect.contains("\n"))
        #expect(!knob.shrinks || knob.unit == .bytes)
        var seed = Seed(5).branch(id)
        for _ in 0..<100 { #expect(knob.range.contains(knob.range.draw(using: &seed))) }
    }

    /// What a file holds is what was meant, for everything that may be asked for.
    @Test(arguments: Knob.catalogue.map(\.id)) func everyValueIsReadBackAsItIsSpelled(_ id: String)
        throws
    {
        let knob = try #require(Knob.find(id))
        var values = knob.range.values
        if case .choice(let names) = knob.unit {
            #expect(Set(names.map(\.text)).count == names.count)
            #expect(Set(names.map(\.value)).count == names.count)
        } else {
            values += [knob.domain.lowerBound, knob.domain.upperBound]
        }
        for value in values {
            let spelled = knob.spelled(value).inline
            let text = "\(knob.articlePath) = \(spelled)"
            let config = try HOCONValue(parsing: text, file: "f")
            let entry = try #require(config.entry(at: knob.articlePath))
            #expect(try knob.read(entry, at: knob.articlePath) == value, "\(text)")
            #expect(!knob.text(value).isEmpty)
        }
        #expect(Set(knob.range.values.map { knob.spelled($0) }).count == knob.range.values.count)
        #expect(Set(knob.range.values.map { knob.rocksdb($0) }).count == knob.range.values.count)
    }

    /// The nine that a night is enough for; the others are asked for by name.
    @Test func onlyTheNineAreSearchedUnasked() {
        #expect(
            Knob.searched.map(\.id) == [
                "write_buffer_size", "max_write_buffer_number", "max_background_jobs",
                "level0_file_num_compaction_trigger", "level0_slowdown_writes_trigger",
                "level0_stop_writes_trigger", "n_shards", "local_write_buffer.max_items",
                "local_write_buffer.flush_interval",
            ])
        #expect(Knob.catalogue.count > 45)
    }

    /// manual_wal_flush keeps acknowledged messages in the process's memory.
    @Test func noKnobMayLoseWhatWasAcknowledged() {
        #expect(Knob.find("manual_wal_flush") == nil)
    }

    /// The defaults that EMQX 5.8.9 was measured to run with; those that are RocksDB's own are compared
    /// with RocksDB in StorageTests.
    @Test func standardsAreThoseOfEMQX() {
        let standard = Setting()
        #expect(standard["n_shards"] == 16)
        #expect(standard["local_write_buffer.max_items"] == 1_000)
        #expect(standard["local_write_buffer.flush_interval"] == 100)
        #expect(standard["write_buffer_size"] == 64 << 20)
    }

    @Test func rangesAreSpelledOut() {
        #expect(KnobRange.powersOfTwo(16...256).values == [16, 32, 64, 128, 256])
        #expect(KnobRange.powersOfTwo(4...4).values == [4])
        #expect(KnobRange.linear(8...21, step: 4).values == [8, 12, 16, 20])
        #expect(KnobRange.choices([2, 9]).contains(9) && !KnobRange.choices([2, 9]).contains(3))
    }

    static let spellings: [(String, Int64, String, String)] = [
        ("write_buffer_size", 128 << 20, "\"128MB\"", "128 MiB"),
        ("write_buffer_size", 1 << 30, "\"1GB\"", "1 GiB"),
        ("write_buffer_size", 70_000, "70000", "68.4 KiB"),
        ("local_write_buffer.flush_interval", 50, "\"50ms\"", "50 ms"),
        ("n_shards", 8, "8", "8"),
        ("recycle_log_file_num", 0, "false", "none"), ("recycle_log_file_num", 4, "true", "4"),
        ("recycle_log_file_num", 2, "2", "2"),
        ("compression", 4, "kLZ4Compression", "kLZ4Compression"),
        ("max_open_files", -1, "infinity", "all"), ("max_open_files", 1_024, "1024", "1024"),
        // EMQX takes no unit here (reference 1.2).
        ("local_write_buffer.max_bytes", 1 << 20, "1048576", "1 MiB"),
        ("local_write_buffer.max_bytes", 0, "infinity", "no limit"),
        ("atomic_flush", 1, "true", "on"), ("bloom_bits", 10, "10", "10 bits per key"),
        ("delayed_write_rate", 16 << 20, "\"16MB\"", "16 MiB/s"),
        ("bytes_per_sync", 0, "0", "off"), ("block_cache", 512 << 20, "\"512MB\"", "512 MiB"),
    ]

    @Test(arguments: spellings)
    func valueIsSpelledForFilesAndForPeople(
        _ id: String, _ value: Int64, _ file: String, _ people: String
    ) throws {
        let knob = try #require(Knob.find(id))
        #expect(knob.spelled(value).inline == file)
        #expect(knob.text(value) == people)
    }

    @Test func selectionIsRead() throws {
        #expect(
            try Knob.parseSelection("n_shards, write_buffer_size,n_shards").map(\.id)
                == ["n_shards", "write_buffer_size"])
        let error = try #require(throws: KnobError.self) {
            try Knob.parseSelection("n_shards,write_bufer_size")
        }
        guard case .unknownKnob("write_bufer_size", nearest: "write_buffer_size", let known) = error
        else {
            Issue.record("\(error)")
            return
        }
        #expect(known == Knob.catalogue.map(\.id))
        #expect(error.description.contains("did you mean `write_buffer_size`?"))
        #expect(error.description.contains("local_write_buffer.flush_interval"))
    }

    @Test(arguments: ["", "n_shards,", "cheese", String(repeating: "n", count: 100_000)])
    func selectionOfNothingKnownIsRefused(_ text: String) {
        #expect(throws: KnobError.self) { try Knob.parseSelection(text) }
    }
}
