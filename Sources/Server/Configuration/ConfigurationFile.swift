internal import Foundation
internal import Glibc
package import HOCON

/// The text of a configuration and of what it includes.
package enum ConfigurationFile {
    /// Reads the file at `path`; what it includes is looked for from its own folder.
    /// - Parameter environment: what substitutions find that no key is there for.
    /// - Throws: with file and line, for the first thing that is not HOCON.
    package static func load(
        _ path: String, environment: [String: String]
    ) throws(HOCONError) -> HOCONValue {
        switch read(path) {
        case .file(let bytes, let name):
            return try HOCONValue(
                parsing: bytes, file: name,
                includes: HOCONIncludes { name, includer in
                    let folder = (includer as NSString).deletingLastPathComponent
                    return read(name.hasPrefix("/") || folder.isEmpty ? name : folder + "/" + name)
                }, environment: environment)
        case .missing:
            throw HOCONError(
                HOCONPosition(file: path, line: 1, column: 1),
                "there is no such file; correct --config")
        case .unreadable(let reason):
            throw HOCONError(
                HOCONPosition(file: path, line: 1, column: 1), "the file cannot be read: \(reason)")
        }
    }

    private static func read(_ path: String) -> HOCONIncludes.Found {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return errno == ENOENT ? .missing : .unreadable(String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= largest else {
            return .unreadable("it is no file of at most \(largest) bytes")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            return .unreadable("this user may not read it")
        }
        return .file(Array(data), name: (path as NSString).standardizingPath)
    }

    /// Bytes; a document is refused at less.
    private static let largest = 16 << 20
}
