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

    /// 3 for a file that the machine cannot read, 2 for one that it can and that is damaged.
    @Test(arguments: [("MANIFEST-", true, 3), ("LOG", true, 3), ("MANIFEST-", false, 2)])
    func whatCannotBeReadIsToldFromWhatIsDamaged(_ kind: String, _ isFolder: Bool, _ code: Int32)
        throws
    {
        let scratch = ScratchDirectory()
        let path = scratch("messages/0")
        _ = try open(path)
        for name in try FileManager.default.contentsOfDirectory(atPath: path)
        where name.hasPrefix(kind) && name != "LOCK" {
            if isFolder {
                try FileManager.default.removeItem(atPath: path + "/" + name)
                try FileManager.default.createDirectory(
                    atPath: path + "/" + name, withIntermediateDirectories: false)
            } else {
                #expect(truncate(path + "/" + name, 20) == 0)
            }
        }
        let outcome = try Command.run(["diagnose", scratch.path], in: scratch.path)
        #expect(outcome.code == code, "\(outcome.errors)")
        #expect(outcome.complaints.count == 1 && outcome.errors.contains(path), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
    }

    /// Fails if a key of the JSON is not explained, or a line is broken by the terminal.
    @Test func everyKeyOfTheJSONIsInTheHelp() throws {
        let scratch = ScratchDirectory()
        _ = try open(scratch("messages/0"))
        let help = try Command.run(["help", "diagnose"], in: scratch.path).output
        let json = try Command.run(
            ["diagnose", scratch.path, "--format", "json"], in: scratch.path)
        let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8))
        let words = Set(help.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init))
        for key in keys(of: object).sorted() {
            #expect(words.contains(key), "\(key) is not explained")
        }
        #expect(help.contains("  dstune diagnose /var/lib/emqx\n"))
        #expect(help.split(separator: "\n").allSatisfy { $0.count <= 100 })
    }

    /// But not those of tables that have kinds of things for keys.
    private func keys(of json: Any) -> Set<String> {
        let tables = ["warnings", "reasons", "stalls_in_statistics"]
        if let list = json as? [Any] { return list.reduce(into: []) { $0.formUnion(keys(of: $1)) } }
        guard let object = json as? [String: Any] else { return [] }
        return object.reduce(into: Set(object.keys)) { all, pair in
            if !tables.contains(pair.key) { all.formUnion(keys(of: pair.value)) }
        }
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
