import Foundation
import Knobs
import Storage
import TestSupport
import Testing

/// Our databases run with the options that EMQX's run with.
@Suite struct EMQXOptionsTests {
    static let golden = Folder.shared.appendingPathComponent(
        "golden/rocksdb-options-written-by-emqx-5.8.9.ini")

    /// Every option in the file that a real EMQX 5.8.9 left. It is kept beside the project, not in it:
    /// skipped without.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: golden.path)))
    func optionsAreThoseThatEMQXWrote() throws {
        let sections = try Self.sections(of: Self.golden)
        let scratch = ScratchDirectory()
        let store = try ShardedStore(at: scratch("data"), .test(), on: RocksEngine())
        defer { store.close() }
        let ours = try store.effectiveOptions()
        let family = EngineModel.emqx58Local.families[1]

        let database = try #require(sections["DBOptions"])
        let data = try #require(sections["CFOptions \"\(family)\""])
        let table = try #require(sections["TableOptions/BlockBasedTable \"\(family)\""])
        #expect(database.count > 60 && data.count > 50 && table.count > 20)
        let ourTable = OptionText.parse(ours["data.block_based_table_factory"] ?? "")
        let pairs =
            database.map { ($0, $1, ours[$0]) } + data.map { ($0, $1, ours["data." + $0]) }
            + table.map { ($0, $1, ourTable[$0]) }
        for (name, theirs, ours) in pairs {
            #expect(ours.map(Self.plain) == Self.plain(theirs), "\(name)")
        }
    }

    /// Without the braces and the last semicolon of a group.
    private static func plain(_ value: String) -> String {
        var value = value[...]
        if value.hasPrefix("{"), value.hasSuffix("}") { value = value.dropFirst().dropLast() }
        return value.hasSuffix(";") ? String(value.dropLast()) : String(value)
    }

    private static func sections(of file: URL) throws -> [String: [String: String]] {
        var sections: [String: [String: String]] = [:]
        var section = ""
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.hasPrefix("["), line.hasSuffix("]") {
                section = String(line.dropFirst().dropLast())
            } else if !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") {
                sections[section, default: [:]][String(line[..<equals])] = String(
                    line[line.index(after: equals)...])
            }
        }
        return sections
    }
}
