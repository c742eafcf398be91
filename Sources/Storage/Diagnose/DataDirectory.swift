internal import Foundation

/// Where the message shards of an EMQX node lie, found and known to be at rest. Nothing is opened or
/// written by looking.
package struct DataDirectory: Sendable, Equatable {
    /// How the shards' directories are named.
    package enum Scheme: String, Sendable, Codable {
        /// `messages/<N>`: EMQX 5.8 to 5.10.
        case emqx5 = "emqx-5"
        /// `ds/messages/s<N>`: EMQX 6.
        case emqx6 = "emqx-6"
        /// One shard was named, not a directory of them.
        case shard
    }

    package struct Shard: Sendable, Equatable {
        package let number: Int
        package let path: String
    }

    package let root: String
    package let scheme: Scheme
    /// By number.
    package let shards: [Shard]

    /// Accepts a node's data directory, the directory of its messages, or one shard.
    /// - Throws: `.notADataDirectory`, `.several`, `.unreadable`; `.held` if a process has a shard open.
    package init(at path: String) throws(DiagnoseError) {
        root = path
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw .notADataDirectory(path, "there is no such directory")
        }
        guard isDirectory.boolValue else { throw .notADataDirectory(path, "it is a file") }
        if Self.isShard(path) {
            let name = (path as NSString).standardizingPath.split(separator: "/").last ?? ""
            scheme = .shard
            shards = [Shard(number: Self.number(String(name))?.number ?? 0, path: path)]
        } else {
            let places = try Self.places(in: path)
            var found: [(String, [(number: Int, path: String, isNew: Bool)])] = []
            for place in places {
                let shards = try Self.shards(in: place)
                if !shards.isEmpty { found.append((place, shards)) }
            }
            guard found.count <= 1 else { throw .several(found.map(\.0)) }
            guard let (_, list) = found.first else {
                throw .notADataDirectory(path, "no shard of messages was found in it")
            }
            scheme = list[0].isNew ? .emqx6 : .emqx5
            shards = list.map { Shard(number: $0.number, path: $0.path) }
        }
        for shard in shards { try DirectoryLock.check(shard.path) }
    }

    /// RocksDB's CURRENT names the manifest in force; without it there is no database.
    private static func isShard(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path + "/CURRENT")
    }

    /// "3" or "s3".
    private static func number(_ name: String) -> (number: Int, isNew: Bool)? {
        let isNew = name.hasPrefix("s")
        let digits = isNew ? name.dropFirst() : name[...]
        guard !digits.isEmpty, digits.allSatisfy(\.isASCII), digits.allSatisfy(\.isNumber),
            let number = Int(digits)
        else { return nil }
        return (number, isNew)
    }

    private static func shards(
        in directory: String
    ) throws(DiagnoseError) -> [(number: Int, path: String, isNew: Bool)] {
        var found: [(number: Int, path: String, isNew: Bool)] = []
        for name in try names(in: directory) {
            guard let (number, isNew) = number(name) else { continue }
            let path = directory + "/" + name
            if isShard(path) { found.append((number, path, isNew)) }
        }
        return found.sorted { ($0.number, $0.path) < ($1.number, $1.path) }
    }

    /// The directory itself, EMQX's places below it, and the same below each of its directories: a package's
    /// data directory is often named one level too high.
    private static func places(in path: String) throws(DiagnoseError) -> [String] {
        let relative = ["messages", "ds/messages"]
        var places = [path] + relative.map { path + "/" + $0 }
        for name in try names(in: path) where name != "messages" && name != "ds" {
            places += relative.map { path + "/" + name + "/" + $0 }
        }
        var isDirectory: ObjCBool = false
        return places.filter {
            FileManager.default.fileExists(atPath: $0, isDirectory: &isDirectory)
                && isDirectory.boolValue
        }
    }

    private static func names(in directory: String) throws(DiagnoseError) -> [String] {
        do { return try FileManager.default.contentsOfDirectory(atPath: directory).sorted() } catch {
            throw .unreadable(directory, "it cannot be listed; run as a user who may read it")
        }
    }
}
