internal import Foundation
internal import Glibc
package import Measure

/// `dstune serve` as a child, so that it can be killed while who counts its messages lives on. It ends with the
/// process that started it, and every wait for it has a bound.
package final class BrokerProcess {
    private let plan: BrokerPlan
    /// Its process identifier; nil while it does not run.
    package private(set) var process: Int32?
    /// How it ended by itself, as waitpid(2) has it.
    private var status: Int32?
    /// Where it listens on loopback; 0 before the first start, the same after every other.
    package private(set) var port = 0

    /// How long a process that was killed may take to be gone: it does so at once unless its disk hangs.
    private static let killBound = Nanoseconds.seconds(30)

    package init(_ plan: BrokerPlan) { self.plan = plan }

    deinit { if let process { Glibc.kill(process, SIGKILL) } }

    /// Starts it, again on what it left, and waits until clients may connect.
    /// - Returns: from the start of the program until it accepts.
    /// - Throws: `.environment`, with what it said, when it ends or is not ready within `bound`.
    @discardableResult
    package func start(within bound: Nanoseconds = .seconds(60)) throws(TrialError) -> Nanoseconds {
        precondition(process == nil, "it runs")
        try plan.write()
        let began = MonotonicTime.now()
        let output = try spawn()
        defer { close(output) }
        guard let port = port(saidOn: output, until: began + bound) else {
            let why = hasEnded ? "ended" : "was not ready after \(Int(bound.seconds)) s"
            try? kill()
            throw .environment("the broker \(why): \(lastWords)")
        }
        self.port = port
        return .now() - began
    }

    /// What to say if it has ended by itself; nil while it runs, and after `kill` or `stop`.
    package var unexpectedEnd: String? {
        guard hasEnded, let status else { return nil }
        let how = status & 0x7F == 0 ? "exit code \(status >> 8 & 0xFF)" : "signal \(status & 0x7F)"
        return "the broker ended by itself (\(how)): \(lastWords)"
    }

    /// Whether it has ended by itself since it was started.
    package var hasEnded: Bool {
        guard let process else { return true }
        var status: Int32 = 0
        guard waitpid(process, &status, WNOHANG) != 0 else { return false }
        (self.process, self.status) = (nil, status)
        return true
    }

    /// SIGKILL: nothing of it runs any more when this returns.
    /// - Throws: `.environment` if the system does not let go of it.
    package func kill() throws(TrialError) {
        guard let process else { return }
        Glibc.kill(process, SIGKILL)
        guard isGone(by: .now() + Self.killBound) else {
            throw .environment(
                "the broker, process \(process), was killed and is still there; look at its disk")
        }
    }

    /// SIGTERM, then SIGKILL if it takes longer than `bound`.
    package func stop(within bound: Nanoseconds = .seconds(15)) throws(TrialError) {
        guard let process else { return }
        Glibc.kill(process, SIGTERM)
        if !isGone(by: .now() + bound) { try kill() }
    }

    /// - Returns: the reading end of its standard output.
    private func spawn() throws(TrialError) -> Int32 {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Self.fault("a pipe", errno) }
        defer { close(ends[1]) }
        keepDescriptors()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addopen(
            &actions, 2, plan.logFile, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        // Ctrl-C reaches every process of a group; when this one ends is not for the keyboard to say.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        var vector = plan.arguments(port: port).map { strdup($0) } + [nil]
        defer { vector.forEach { free($0) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, plan.executable, &actions, &attributes, &vector, environ)
        guard code == 0 else {
            close(ends[0])
            throw Self.fault(plan.executable, code)
        }
        process = child
        return ends[0]
    }

    /// The child must hold neither the end that is waited for nor the sockets of clients: a connection is closed once
    /// nobody holds it any more, and SwiftNIO's are open to children.
    private func keepDescriptors() {
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for descriptor in open.compactMap({ Int32($0) }) where descriptor > 2 {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }

    /// Reads what the broker says until it says where it listens.
    private func port(saidOn output: Int32, until deadline: MonotonicTime) -> Int? {
        let words = "listening on 127.0.0.1:"
        var said: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1_024)
        while true {
            let left = (deadline - .now()).count / 1_000_000
            var waited = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard left > 0 else { return nil }
            let ready = poll(&waited, 1, Int32(clamping: left))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { return nil }
            let count = read(output, &chunk, chunk.count)
            guard count > 0 else { return nil }
            said += chunk[..<count]
            let text = String(decoding: said, as: UTF8.self)
            for line in text.split(separator: "\n") where line.hasPrefix(words) {
                let digits = line.dropFirst(words.count).prefix(while: \.isNumber)
                // Whole once something follows it.
                if digits.endIndex < line.endIndex, let port = Int(digits) { return port }
            }
        }
    }

    private func isGone(by deadline: MonotonicTime) -> Bool {
        while !hasEnded {
            guard MonotonicTime.now() < deadline else { return false }
            // waitpid(2) has no bound of its own.
            usleep(1_000)
        }
        status = nil
        return true
    }

    /// The last line of its log.
    private var lastWords: String {
        let log = FileManager.default.contents(atPath: plan.logFile) ?? Data()
        let lines = String(decoding: log, as: UTF8.self).split(separator: "\n")
        return lines.last.map(String.init) ?? "it said nothing in \(plan.logFile)"
    }

    private static func fault(_ what: String, _ code: Int32) -> TrialError {
        .environment("\(what) cannot be had for the broker: \(String(cString: strerror(code)))")
    }
}
