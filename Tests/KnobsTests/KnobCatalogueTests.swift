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
