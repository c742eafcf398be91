internal import Crypto
internal import Foundation
internal import Glibc

/// The files of a closed store that make it what it is, and one hash over all of them. What RocksDB only
/// says to people (`LOG`) and what it makes anew at each opening (`LOCK`) are not among them.
package struct StoreInventory: Codable, Equatable, Sendable {
    package struct File: Codable, Equatable, Sendable {
        /// Below the store's directory, e.g. "3/000012.sst".
        package let path: String
        package let bytes: UInt64

        /// Tables never change once they are written, and RocksDB only ever unlinks them: two stores may
        /// share one by its inode.
        package var isTable: Bool { path.hasSuffix(".sst") }
    }

    /// By path.
    package let files: [File]
    /// SHA-256 over path, size and content of each file in that order, in hexadecimal.
    package let digest: String

    /// Reads every file of the store at `directory`.
    /// - Throws: `StartError` naming the file that cannot be read.
    package init(reading directory: String) throws(StartError) {
        files = try Self.list(directory)
        var hash = SHA256()
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        for file in files {
            hash.update(data: Data("\(file.path)\n\(file.bytes)\n".utf8))
            let path = directory + "/" + file.path
            let open = Glibc.open(path, O_RDONLY | O_CLOEXEC)
            guard open >= 0 else { throw .unreadable(path, systemError()) }
            defer { close(open) }
            while true {
                let count = read(open, &piece, piece.count)
                guard count >= 0 else { throw .unreadable(path, systemError()) }
                guard count > 0 else { break }
                piece.withUnsafeBytes { hash.update(bufferPointer: .init(rebasing: $0[..<count])) }
            }
        }
        digest = hash.finalize().map { String(format: "%02x", $0) }.joined()
    }

    package var bytes: UInt64 { files.reduce(0) { $0 + $1.bytes } }

    /// Whether the files of `directory` are the same in number and size: cheap, and true of a store that
    /// nobody touched.
    /// - Throws: `StartError.changed` naming the first that is not.
    package func check(_ directory: String) throws(StartError) {
        let found = try Self.list(directory)
        let sizes = Dictionary(uniqueKeysWithValues: found.map { ($0.path, $0.bytes) })
        for file in files where sizes[file.path] != file.bytes {
            let now = sizes[file.path].map { "\($0) bytes" } ?? "missing"
            throw .changed(directory, "\(file.path): \(file.bytes) bytes when it was built, \(now) now")
        }
        let known = Set(files.map(\.path))
        if let extra = found.first(where: { !known.contains($0.path) }) {
            throw .changed(directory, "\(extra.path) was not there when it was built")
        }
    }

    private static func list(_ directory: String) throws(StartError) -> [File] {
        guard let names = FileManager.default.enumerator(atPath: directory) else {
            throw .unreadable(directory, "no such directory")
        }
        var files: [File] = []
        for case let name as String in names {
            let last = name.split(separator: "/").last ?? ""
            if last == "LOCK" || last == "LOG" || last.hasPrefix("LOG.old") { continue }
            var status = stat()
            guard lstat(directory + "/" + name, &status) == 0 else {
                throw .unreadable(directory + "/" + name, systemError())
            }
            if status.st_mode & S_IFMT == S_IFREG {
                files.append(File(path: name, bytes: UInt64(status.st_size)))
            }
        }
        return files.sorted { $0.path < $1.path }
    }
}

/// A start state cannot be used.
package enum StartError: Error, Equatable, CustomStringConvertible {
    /// Path and reason.
    case unreadable(String, String)
    case unwritable(String, String)
    /// It is not what was built: directory and first difference.
    case changed(String, String)
    /// Tables can only be shared within one file system: from, to.
    case otherDevice(String, String)

    package var description: String {
        switch self {
        case .unreadable(let path, let reason): "\(path): the start state cannot be read (\(reason))"
        case .unwritable(let path, let reason):
            "\(path): the start state cannot be written (\(reason)); check the space and the permissions"
        case .changed(let directory, let what):
            "\(directory): the start state is not what was built (\(what)), so trials from it could not be "
                + "compared with earlier ones; start a new study"
        case .otherDevice(let from, let to):
            "\(to): lies on another file system than the start state \(from), and a trial's tables are hard "
                + "links to it; keep the study's folder on one file system"
        }
    }
}
