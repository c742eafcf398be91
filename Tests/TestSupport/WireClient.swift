import Dispatch
import Glibc

/// A blocking TCP connection on loopback, for tests that speak bytes to a server. Every wait has a bound.
package final class WireClient: Sendable {
    package struct Problem: Error, CustomStringConvertible {
        package let description: String

        package init(description: String) { self.description = description }
    }

    private let socket: Int32

    /// - Parameter timeout: of each read and write, seconds.
    package init(port: Int, timeout: Int = 10) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: timeout, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(socket, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        var yes: Int32 = 1
        setsockopt(
            socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Problem(description: "connect: errno \(errno)") }
    }

    deinit { Glibc.close(socket) }

    package func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let n = bytes.withUnsafeBytes {
                Glibc.send(
                    socket, $0.baseAddress.map { $0 + sent }, bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            guard n > 0 else { throw Problem(description: "send: errno \(errno)") }
            sent += n
        }
    }

    /// - Returns: exactly `count` bytes; nil if the other side closed before.
    package func read(_ count: Int) throws -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var got = 0
        while got < count {
            let n = bytes.withUnsafeMutableBytes {
                recv(socket, $0.baseAddress.map { $0 + got }, count - got, 0)
            }
            if n == 0 || (n < 0 && errno == ECONNRESET) { return nil }
            guard n > 0 else { throw Problem(description: "receive: errno \(errno)") }
            got += n
        }
        return bytes
    }

    /// - Returns: one whole MQTT packet; nil once the other side has closed.
    package func packet() throws -> [UInt8]? {
        guard var bytes = try read(1) else { return nil }
        var length = 0
        for shift in stride(from: 0, through: 21, by: 7) {
            guard let next = try read(1) else { return nil }
            bytes += next
            length |= Int(next[0] & 0x7F) << shift
            if next[0] < 0x80 { break }
        }
        if length > 0 {
            guard let body = try read(length) else { return nil }
            bytes += body
        }
        return bytes
    }

    /// Ends the connection at once, without a farewell of TCP (RST).
    package func cut() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        shutdown(socket, Int32(SHUT_RDWR))
    }
}

/// Does what blocks on a thread that nobody else waits for: a test that blocked one of the few threads of
/// concurrent code would keep the server it waits for from running.
package func blocking<Value: Sendable>(
    _ work: @escaping @Sendable () throws -> Value
) async throws -> Value {
    try await withCheckedThrowingContinuation { done in
        DispatchQueue.global().async { done.resume(with: Result(catching: work)) }
    }
}

/// Runs a task apart from the few threads of concurrent code.
package final class OwnThread: TaskExecutor {
    private let queue = DispatchQueue(label: "a test's own")

    package init() {}

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
