internal import Foundation
internal import Glibc
internal import MQTT

/// User names and passwords for a target. A recording has none, so whoever replays it gives them, and they go into
/// CONNECT on its way out and nowhere else.
package struct TargetCredentials: Sendable {
    /// By user name.
    private var passwords: [String: [UInt8]] = [:]
    /// Who clients log in as that were recorded with another name or with none.
    private let common: String

    package static let nameVariable = "DSTUNE_MQTT_USERNAME"
    package static let passwordVariable = "DSTUNE_MQTT_PASSWORD"
    /// Largest file read, bytes.
    private static let largest = 16 << 20

    /// One user for all clients.
    /// - Returns: nil if the variables name nobody.
    package static func of(environment: [String: String]) -> TargetCredentials? {
        environment[nameVariable].map {
            TargetCredentials(common: $0, [$0: Array((environment[passwordVariable] ?? "").utf8)])
        }
    }

    private init(common: String, _ passwords: [String: [UInt8]]) {
        (self.common, self.passwords) = (common, passwords)
    }

    /// Lines `user:password`, the password up to the end of the line; `#` begins a comment. A client that was
    /// recorded with a user name of the file logs in as that user, every other one as the first.
    /// - Throws: `.file` if it cannot be read, others may read it, or a line is not like that.
    package init(reading path: String) throws(TargetError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw .file(path, why: "cannot be read: \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) <= Self.largest else {
            throw .file(path, why: "is no file of at most \(Self.largest >> 20) MiB")
        }
        guard status.st_mode & (S_IRWXG | S_IRWXO) == 0 else {
            throw .file(path, why: "holds passwords and others may read it; run chmod 600 \(path)")
        }
        guard let data = FileManager.default.contents(atPath: path),
            let text = String(validating: data, as: UTF8.self)
        else { throw .file(path, why: "cannot be read as UTF-8 text by this user") }
        var common: String?
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() where !line.isEmpty && line.first != "#" {
            // The line may hold a password, so it is not shown.
            guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else {
                throw .file("\(path):\(index + 1)", why: "this line is not `user:password`")
            }
            let name = String(line[..<colon])
            let password = Array(line[line.index(after: colon)...].utf8)
            guard name.utf8.count <= 0xFFFF, password.count <= 0xFFFF else {
                throw .file("\(path):\(index + 1)", why: "MQTT has room for 65,535 bytes")
            }
            common = common ?? name
            passwords[name] = password
        }
        guard let common else { throw .file(path, why: "has no line `user:password`") }
        self.common = common
    }

    /// The CONNECT with a user name and a password, or nil if `packet` is no CONNECT that can be read.
    func signed(_ packet: RawSpan) -> [UInt8]? {
        guard case .connect(var connect)? = try? Packet.read(packet, version: .v5) else {
            return nil
        }
        let name = connect.username.flatMap { passwords[$0] == nil ? nil : $0 } ?? common
        connect.username = name
        connect.hasPassword = true
        var bytes: [UInt8] = []
        connect.write(to: &bytes, password: passwords[name] ?? [])
        return bytes
    }
}

extension TargetCredentials: CustomStringConvertible, CustomReflectable {
    package var description: String { "credentials" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
