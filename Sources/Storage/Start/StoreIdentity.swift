internal import Foundation
internal import Glibc
internal import Layout

/// Who wrote a directory of shards: the file `STORE` beside them, so that rows are never read with another
/// engine's rules. EMQX keeps the same in each shard's database, under `schema_v2` (reference 2.1); here it is
/// a file, because it must not add to what the shards write.
///
/// A store that is being made has `STORE.new` and no `STORE`; a process that dies meanwhile leaves a
/// directory that is made again, and nothing was stored in it. A directory with `STORE` has all its shards.
package struct StoreIdentity: Equatable, Sendable {
    /// Raised when rows written before cannot be read any more.
    package static let currentFormat = "1"

    /// Name and value of everything that decides how rows are written and found, in the order of the file.
    package let facts: [(name: String, value: String)]

    package init(_ options: StoreOptions) {
        facts = [
            ("format", Self.currentFormat), ("engine", options.engine.id),
            ("keys", options.format.keys.rawValue), ("serializer", options.format.values.rawValue),
            ("atoms", options.format.atoms.rawValue),
            ("column_families", options.engine.families.joined(separator: ",")),
            ("n_shards", "\(options.shards)"),
        ]
    }

    package static func == (a: StoreIdentity, b: StoreIdentity) -> Bool {
        a.facts.elementsEqual(b.facts) { $0 == $1 }
    }

    static let file = "STORE"
    private static let unfinished = "STORE.new"

    private var text: String { facts.map { "\($0.name) = \($0.value)\n" }.joined() }

    /// Looks at `directory` before its shards are opened, and marks a new one as begun.
    /// - Returns: whether it is new: its shards are yet to be created.
    /// - Throws: `StoreOpenError` when another store is there, or one that lacks files.
    func claim(_ directory: String) throws(StoreOpenError) -> Bool {
        if let found = FileManager.default.contents(atPath: directory + "/" + Self.file) {
            try check(String(decoding: found, as: UTF8.self), in: directory)
            return false
        }
        let begun = FileManager.default.fileExists(atPath: directory + "/" + Self.unfinished)
        let shard = directory + "/0"
        guard begun || !FileManager.default.fileExists(atPath: shard + "/CURRENT") else {
            throw StoreOpenError(
                path: directory, problem: .foreign,
                reason: "it holds shards and no file \(Self.file): not dstune but a broker wrote them; "
                    + "name an empty directory, and look into this one with `dstune diagnose`")
        }
        try write(to: directory + "/" + Self.unfinished)
        return true
    }

    /// All shards of `directory` are there now.
    func settle(_ directory: String) throws(StoreOpenError) {
        let from = directory + "/" + Self.unfinished, to = directory + "/" + Self.file
        guard rename(from, to) == 0 else {
            throw StoreOpenError(path: to, reason: "it cannot be renamed to: \(systemError())")
        }
        try sync(directory, O_RDONLY | O_DIRECTORY)
    }

    /// A directory with `STORE` has the shards it names; what RocksDB itself would create anew, and so lose
    /// silently, is looked for here.
    private func check(_ text: String, in directory: String) throws(StoreOpenError) {
        let lines = text.split(separator: "\n").map { $0.split(separator: "=", maxSplits: 1) }
        var found: [String: String] = [:]
        for line in lines where line.count == 2 {
            let parts = line.map { $0.trimmingCharacters(in: .whitespaces) }
            found[parts[0]] = parts[1]
        }
        let differing = facts.filter { found[$0.name] != $0.value }.map {
            "\($0.name) \(found[$0.name] ?? "not said"), asked for \($0.value)"
        }
        guard differing.isEmpty else {
            throw StoreOpenError(
                path: directory, problem: .foreign,
                reason: "another engine or version wrote it (\(differing.joined(separator: "; "))); open "
                    + "it with what wrote it, or name an empty directory")
        }
        guard let shards = found["n_shards"].flatMap({ Int($0) }) else { return }
        for number in 0..<shards {
            let current = "\(directory)/\(number)/CURRENT"
            guard FileManager.default.fileExists(atPath: current) else {
                throw StoreOpenError(
                    path: current, problem: .damaged,
                    reason: "the file is missing, and without it shard \(number) would begin empty; put it "
                        + "back from a backup, or start again in an empty directory")
            }
        }
    }

    private func write(to path: String) throws(StoreOpenError) {
        do {
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent,
                withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        } catch { throw StoreOpenError(path: path, reason: "it cannot be written: \(error)") }
        try sync(path, O_WRONLY)
    }

    private func sync(_ path: String, _ mode: Int32) throws(StoreOpenError) {
        let file = open(path, mode | O_CLOEXEC)
        guard file >= 0 else { throw StoreOpenError(path: path, reason: systemError()) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw StoreOpenError(path: path, reason: systemError()) }
    }
}

func systemError() -> String { String(cString: strerror(errno)) }
