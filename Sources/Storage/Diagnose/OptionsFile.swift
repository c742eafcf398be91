internal import Foundation

/// The newest OPTIONS file of a database: what it ran with after RocksDB's own sanitising.
struct OptionsFile {
    let name: String
    /// Version of the RocksDB that wrote it.
    private(set) var version: String?
    private(set) var database: [String: String] = [:]
    /// By column family.
    private(set) var families: [String: [String: String]] = [:]

    /// - Returns: nil if there is none.
    init?(newestIn directory: String) throws(DiagnoseError) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let numbered = names.compactMap { name in
            name.hasPrefix("OPTIONS-")
                ? UInt64(name.dropFirst(8)).map { (name: name, number: $0) } : nil
        }
        guard let newest = numbered.max(by: { $0.number < $1.number }) else { return nil }
        let text: String
        do {
            text = String(
                decoding: try Data(contentsOf: URL(fileURLWithPath: directory + "/" + newest.name)),
                as: UTF8.self)
        } catch {
            throw .unreadable(
                directory + "/" + newest.name, "cannot be read (\(error.localizedDescription))")
        }
        self.init(text, name: newest.name)
    }

    /// RocksDB's INI: `[DBOptions]`, `[CFOptions "name"]`, `name=value`.
    init(_ text: String, name: String) {
        self.name = name
        var section = ""
        for line in text.split(separator: "\n") {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.hasPrefix("[") {
                section = String(line.dropFirst().prefix { $0 != "]" })
                continue
            }
            let pair = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, !line.hasPrefix("#") else { continue }
            let (option, value) = (String(pair[0]), String(pair[1]))
            if section == "Version", option == "rocksdb_version" {
                version = value
            } else if section == "DBOptions" {
                database[option] = value
            } else if section.hasPrefix("CFOptions \"") {
                let family = String(section.dropFirst(11).prefix { $0 != "\"" })
                families[family, default: [:]][option] = value
            }
        }
    }
}
