import Foundation
import Layout
import Storage
import TestSupport
import Testing

/// Rows that EMQX 5.8.9 wrote, put into a database as they lie in one of EMQX's own, and diagnosed. The
/// golden files lie beside the project; without them there is nothing to compare with.
@Suite struct GoldenDiagnoseTests {
    static let shared = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "../shared/golden")
    static let rows = shared.appending(path: "emqx-5.8.9-rows.tsv")
    static let options = shared.appending(path: "rocksdb-options-written-by-emqx-5.8.9.ini")

    /// Every message of the made-up ones: their topics are all that the trie learned from.
    static func variety() throws -> [[String: String]] {
        let lines = try String(contentsOf: rows, encoding: .utf8).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }
            .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
        guard let names = lines.first else { return [] }
        return lines.dropFirst().map { Dictionary(zip(names, $0)) { first, _ in first } }
            .filter { $0["row"]?.hasPrefix("variety:") == true }
    }

    /// The model predicts every row and the bytes of every value that EMQX wrote.
    ///
    /// Fails if `ValueCheck` makes another value of a user name, an IPv6 peer or a property, or if the ledger
    /// takes a varying part for another.
    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: rows.path), "no golden rows here"),
        arguments: ValueFormat.allCases)
    func theModelPredictsEMQXsOwnRows(_ format: ValueFormat) throws {
        let scratch = ScratchDirectory()
        let rows = try Self.variety()
        #expect(rows.count == 146)
        try {
            let database = try Database(
                path: scratch("0"), shard: 0,
                options: "create_if_missing=true;create_missing_column_families=true",
                families: GenerationWriter.families.prefix(3).map {
                    ColumnFamily(name: $0, options: "")
                }, on: RocksEngine())
            var batch = WriteBatch(for: database)
            var trie = TopicTrie(), key = TopicKey(), learned = RowBuffer()
            for row in rows {
                let topic = Array((row["topic"] ?? "").utf8)
                trie.find(topic.span.bytes, into: &key, learning: &learned)
                batch.put(
                    bytes(row["key_hex"]), bytes(row["value_\(format.rawValue)_hex"]), family: 1)
                for index in (row["index_keys_hex"] ?? "").split(whereSeparator: { !$0.isHexDigit })
                {
                    batch.put(bytes(String(index)), [], family: 1)
                }
            }
            for row in learned.rows {
                batch.put(Array(learned.bytes[row.key]), Array(learned.bytes[row.value]), family: 2)
            }
            try batch.commit()
        }()
        let diagnosis = try DiagnoseTests.diagnose(scratch("0"))
        let generation = diagnosis.shards[0].generations[0]
        #expect(generation.rows.data == rows.count)
        #expect(generation.format.values == format)
        #expect(generation.format.keys == .skipstream && generation.format.atoms == [.otp26])
        let model = try #require(generation.model, "\(generation.notCompared ?? "")")
        #expect(model.differences == [])
        #expect(model.identical + model.sameSize == rows.count, "\(model)")
        #expect(model.otherSize == 0)
    }

    /// EMQX's own OPTIONS file shows no difference from EMQX's options.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: options.path), "no golden file here"))
    func emqxsOptionsAreEMQXs() throws {
        let scratch = ScratchDirectory()
        try GenerationWriter.write(to: scratch("0"))
        for name in try FileManager.default.contentsOfDirectory(atPath: scratch("0"))
        where name.hasPrefix("OPTIONS-") {
            try FileManager.default.removeItem(atPath: scratch("0/" + name))
        }
        try FileManager.default.copyItem(
            atPath: Self.options.path, toPath: scratch("0/OPTIONS-000099"))
        let shard = try DiagnoseTests.diagnose(scratch("0")).shards[0]
        #expect(shard.rocksdb == "7.7.3")
        #expect(shard.optionDifferences == [])
    }

    private func bytes(_ hex: String?) -> [UInt8] {
        let digits = (hex ?? "").compactMap(\.hexDigitValue).map(UInt8.init)
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
