internal import Foundation
internal import Glibc
internal import Synchronization

/// Users and the hashes of their passwords: a file with one `name:hash` a line, comments behind `#`.
///
/// Read once, at start. It is created and replaced with mode 0600, in one step, so that a server that starts
/// meanwhile reads the old or the new one.
package struct UserFile: Sendable {
    package private(set) var hashes: [String: PasswordHash] = [:]
    /// Whether others than its owner can read or write the file.
    package private(set) var isOpenToOthers = false
    private var lines: [String] = []
    private let path: String

    /// Largest file read, in bytes; a user takes about 120.
    private static let largest = 64 << 20

    /// - Throws: when it cannot be read, or a line is not what `dstune passwd` writes.
    package init(reading path: String) throws(ServerError) {
        self.path = path
        let text = try readText(
            path, upTo: Self.largest, remedy: "make one with `dstune passwd \(path) NAME`")
        var status = stat()
        if stat(path, &status) == 0 {
            isOpenToOthers = status.st_mode & (S_IRWXG | S_IRWXO) != 0
        }
        for (index, line) in text.split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline
        )
        .enumerated() {
            lines.append(String(line))
            guard let content = Self.content(line) else { continue }
            // The line may hold a hash, so it is not shown.
            guard let colon = content.firstIndex(of: ":"), colon > content.startIndex,
                let hash = PasswordHash(content[content.index(after: colon)...])
            else {
                throw ServerError(
                    "\(path):\(index + 1): this line is not `name:hash`; write users with `dstune passwd`"
                )
            }
            let name = String(content[..<colon])
            guard hashes.updateValue(hash, forKey: name) == nil else {
                throw ServerError(
                    "\(path):\(index + 1): the user \(name) is here twice; keep one of the lines")
            }
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
    }

    /// A file that is not there yet.
    package init(newAt path: String) { self.path = path }

    /// - Throws: when `name` cannot stand in a line of the file.
    package static func check(name: String) throws(ServerError) {
        guard !name.isEmpty, name.utf8.count <= 0xFFFF, !name.hasPrefix("#"),
            !name.unicodeScalars.contains(where: {
                $0 == ":" || $0.properties.generalCategory == .control || $0.properties.isWhitespace
            })
        else {
            throw ServerError(
                "`\(name.filter { !$0.isNewline })` cannot be a user's name here: leave out colons, blanks "
                    + "and control characters, and do not begin with #")
        }
    }

    /// Adds a user, or gives one another password.
    /// - Throws: as `check`.
    package mutating func set(_ name: String, _ hash: PasswordHash) throws(ServerError) {
        try Self.check(name: name)
        let line = "\(name):\(hash.text)"
        if hashes.updateValue(hash, forKey: name) == nil {
            lines.append(line)
        } else if let index = lines.firstIndex(where: { Self.isLine($0, of: name) }) {
            lines[index] = line
        }
    }

    /// - Returns: whether the user was there.
    package mutating func remove(_ name: String) -> Bool {
        guard hashes.removeValue(forKey: name) != nil else { return false }
        lines.removeAll { Self.isLine($0, of: name) }
        return true
    }

    /// Writes beside the file, with mode 0600, and puts that in its place.
    package func write() throws(ServerError) {
        let text = lines.map { $0 + "\n" }.joined()
        let beside = "\(path).\(getpid()).new"
        func failed() -> ServerError {
            let reason = String(cString: strerror(errno))
            unlink(beside)
            return ServerError("\(path): cannot be written: \(reason)")
        }
        let file = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw failed() }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else {
                close(file)
                throw failed()
            }
            bytes = bytes.dropFirst(count)
        }
        guard fsync(file) == 0, close(file) == 0, rename(beside, path) == 0 else { throw failed() }
    }

    private static func content(_ line: some StringProtocol) -> String? {
        let content = line.trimmingCharacters(in: .whitespaces)
        return content.isEmpty || content.hasPrefix("#") ? nil : content
    }

    private static func isLine(_ line: String, of name: String) -> Bool {
        content(line)?.hasPrefix("\(name):") ?? false
    }
}

/// A small text file, whole.
/// - Parameter remedy: what to do when it is not there.
func readText(_ path: String, upTo largest: Int, remedy: String) throws(ServerError) -> String {
    var status = stat()
    guard stat(path, &status) == 0 else {
        throw ServerError("\(path): cannot be read: \(String(cString: strerror(errno))); \(remedy)")
    }
    guard status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) <= largest else {
        throw ServerError("\(path): is no file of at most \(largest) bytes; \(remedy)")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
        throw ServerError("\(path): cannot be read; give this user the right to read it")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
        throw ServerError("\(path): is not UTF-8 text; save it as UTF-8")
    }
    return text
}
