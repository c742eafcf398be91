package import Foundation
internal import Glibc

/// Debian's broker on a free port of loopback, with what it keeps in memory; killed with the value.
package final class Mosquitto: Sendable {
    package static let program = URL(fileURLWithPath: "/usr/sbin/mosquitto")

    /// In CI a missing broker is a failure, not a reason to skip.
    package static var isThere: Bool {
        ProcessInfo.processInfo.environment["CI"] == "true"
            || FileManager.default.isExecutableFile(atPath: program.path)
    }

    package let port: Int
    private let scratch = ScratchDirectory()
    private let process: Process

    /// - Parameter configuration: lines beside the listener, which lets everybody in.
    /// - Throws: if it does not listen within ten seconds.
    package init(_ configuration: [String] = []) throws {
        port = try Self.freePort()
        let lines =
            ["listener \(port) 127.0.0.1", "allow_anonymous true", "user root", "log_type error"]
            + configuration
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(
            to: URL(fileURLWithPath: scratch("mosquitto.conf")))
        process = try Command.start(
            ["-c", scratch("mosquitto.conf")], of: Self.program, in: scratch.path)
        for _ in 0..<500 where (try? WireClient(port: port)) == nil { usleep(20_000) }
        _ = try WireClient(port: port)
    }

    /// Stops it as it is, and lets it go on after this time: what waits in its sockets waits that long.
    package func pause(milliseconds: Int) {
        kill(process.processIdentifier, SIGSTOP)
        usleep(useconds_t(milliseconds) * 1_000)
        kill(process.processIdentifier, SIGCONT)
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// One that nobody listens on now.
    package static func freePort() throws -> Int {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, size) == 0 && getsockname(socket, $0, &size) == 0
            }
        }
        guard isBound else { throw WireClient.Problem(description: "no free port: errno \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
