import Foundation
import Storage
import TestSupport
import Testing
import Trial

/// What captures write, compared with what EMQX 5.8.9's own storage layer wrote for them.
@Suite struct FootprintTests {
    static func footprint(
        _ captures: [String], shards: Int, all: Bool = true, serializer: String? = nil
    ) throws -> Footprint {
        let scratch = ScratchDirectory()
        return try FootprintRun(
            engine: .emqx58Local, shards: shards, all: all, serializer: serializer,
            directory: scratch.path
        ).run(captures)
    }

    struct Golden: Sendable, CustomTestStringConvertible {
        let serializer: String
        let shards: Int
        /// Restated from golden/emqx-5.8.9-writes-of-fleet-60.json.
        let total: [String: Int]

        var testDescription: String { "\(serializer), \(shards) shards" }

        static let all = [
            Golden(
                serializer: "v1", shards: 1, total: one.merging(["value_bytes": 731_702]) { $1 }),
            Golden(
                serializer: "asn1", shards: 1, total: one.merging(["value_bytes": 315_395]) { $1 }),
            Golden(
                serializer: "v1", shards: 16,
                total: sixteen.merging(["value_bytes": 731_348]) { $1 }),
            Golden(
                serializer: "asn1", shards: 16,
                total: sixteen.merging(["value_bytes": 315_041]) { $1 }),
        ]

        private static let one = [
            "data_puts": 2_041, "index_puts": 376, "index_level_1": 376, "streams": 224,
            "trie_puts": 888, "trie_bytes": 45_336,
        ]
        private static let sixteen = [
            "data_puts": 2_041, "index_puts": 321, "index_level_1": 321, "streams": 224,
            "trie_puts": 951, "trie_bytes": 48_009,
        ]
    }

    /// Checklist 11 and 12. Fails if a message is stored in another order or another shard, if a level
    /// begins to vary elsewhere, or if a key or a value has another size.
    @Test(arguments: Golden.all) func fleet60WritesWhatEMQXWrote(_ golden: Golden) throws {
        let footprint = try Self.footprint(
            [Folder.capture], shards: golden.shards, serializer: golden.serializer)
        let files = ["wal_bytes", "sst_files", "sst_bytes"]
        func rows(_ counts: Footprint.Counts) -> [String: Int] {
            Dictionary(uniqueKeysWithValues: counts.named.map { ($0.name, $0.value) })
                .filter { !files.contains($0.key) }
        }
        #expect(rows(footprint.total) == golden.total)
        #expect(footprint.publishes.stored == 2_041)
        #expect(footprint.shards.map(\.number) == Array(0..<golden.shards))
        guard let shards = try Self.shards(golden) else { return }
        #expect(shards.count == golden.shards)
        for (shard, counts) in zip(footprint.shards, shards) {
            // A key that is absent means 0.
            #expect(
                rows(shard.counts).filter { $0.value > 0 } == counts.filter { $0.value > 0 },
                "shard \(shard.number)")
        }
    }

    /// By shard, from the golden file; nil if it does not lie beside the project.
    private static func shards(_ golden: Golden) throws -> [[String: Int]]? {
        let file = Folder.shared.appendingPathComponent(
            "golden/emqx-5.8.9-writes-of-fleet-60.json")
        guard Folder.hasShared else { return nil }
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        let serializer = json?[golden.serializer] as? [String: Any]
        let case_ = serializer?["n_shards_\(golden.shards)"] as? [String: Any]
        return (case_?["shards"] as? [[String: Int]])?.map {
            $0.filter { $0.key != "shard" }
        }
    }

    /// Fails if unmatched messages are stored without being asked for: this capture's archiver wants all.
    @Test func onlyWhatADurableSubscriptionWantsIsStored() throws {
        let footprint = try Self.footprint([Folder.capture], shards: 1, all: false)
        #expect(footprint.publishes.stored == 2_041 && footprint.publishes.unmatched == 0)
        #expect(footprint.total.dataRows == 2_041)
    }

    /// Fails if the log is measured after the flush, or without its framing: at most 1 % comes to the puts
    /// themselves, key and value and five bytes for a message, four else (reference 3.7).
    @Test func theWriteAheadLogIsCountedWithItsFraming() throws {
        let once = try Self.footprint([Folder.capture], shards: 1)
        let data = once.total.valueBytes + once.total.dataRows * (18 + 5)
        let index = once.total.indexRowsInAll * (26 + 4)
        let trie = once.total.trieBytes + once.total.trieRows * 4
        let puts = data + index + trie
        #expect(once.total.walBytes > puts)
        #expect(once.total.walBytes < puts + puts / 100)
    }

    /// Skipped where the recordings are not at hand: they are not ours to copy.
    @Test(.enabled(if: Folder.hasShared, "../shared is not beside the project"))
    func everyRecordingHasAFootprint() throws {
        let folder = Folder.shared.appendingPathComponent("captures/wild").path
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(names.count == 14)
        for name in names where name.hasSuffix("pcap") || name.hasSuffix("pcapng") {
            for serializer in ["v1", "asn1"] {
                let footprint = try Self.footprint(
                    [folder + "/" + name], shards: 2, serializer: serializer)
                #expect(footprint.total.dataRows == footprint.publishes.stored, "\(name)")
            }
        }
    }
}
