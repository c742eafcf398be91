import Foundation
import Storage
import TestSupport
import Testing

/// `dstune diagnose` as an operator calls it.
@Suite struct DiagnoseCommandTests {
    /// A shard without messages, as a new broker leaves it. Closed with the value.
    private func open(_ path: String) throws -> Database {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return try Database(
            path: path, shard: 0,
            options: "create_if_missing=true;create_missing_column_families=true",
            families: [
                "default", "emqx_ds_storage_skipstream_lts_data1",
                "emqx_ds_storage_skipstream_lts_trie1",
            ].map { ColumnFamily(name: $0, options: "") }, on: RocksEngine())
    }

    @Test func aDirectoryAtRestIsToldAndOneInUseIsRefused() throws {
        let scratch = ScratchDirectory()
        let path = scratch("data/messages/7")
        try {
            let database = try open(path)
            let held = try Command.run(["diagnose", scratch("data")], in: scratch.path)
            #expect(held.code == 2)
            #expect(held.complaints.count == 1 && held.errors.contains(path), "\(held.errors)")
            #expect(held.errors.contains("stop the broker"))
            #expect(held.output.isEmpty)
            withExtendedLifetime(database.levels(family: 0)) {}
        }()
        let text = try Command.run(["diagnose", scratch("data")], in: scratch.path)
        #expect(text.code == 0, "\(text.errors)")
        #expect(text.errors.isEmpty, "no progress where nobody looks")
        #expect(text.output.contains("1 shard of messages"))
        let json = try Command.run(
            ["diagnose", scratch("data"), "--format", "json", "--redact"], in: scratch.path)
        #expect(json.code == 0)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect(object["scheme"] as? String == "emqx-5")
        #expect((object["shards"] as? [[String: Any]])?.first?["shard"] as? Int == 7)
    }

    @Test(arguments: [
        (["diagnose", "nowhere"], "nowhere"), (["diagnose", "."], "node.data_dir"),
        (["diagnose", ".", "--sample", "0"], "--sample"),
    ]) func badInputIsOneSentence(_ arguments: [String], _ named: String) throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(arguments, in: scratch.path)
        #expect(outcome.code == 2)
        #expect(
            outcome.complaints.count == 1 && outcome.errors.contains(named), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
    }
}
