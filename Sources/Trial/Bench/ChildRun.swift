internal import Glibc

/// A program run to its end by a benchmark, and what it cost.
struct ChildRun {
    let seconds: Double
    /// Of the program; 128 and the signal if one ended it.
    let code: Int32
    /// The most that was resident, in bytes (getrusage(2), `ru_maxrss`). Never less than what its parent had
    /// when it started it.
    let peakResident: Int

    /// A program that runs, with the writing end of its standard input.
    struct Running {
        fileprivate let process: pid_t
        fileprivate let began: timespec
        /// -1 if its standard input is empty.
        let input: Int32
    }

    /// Whether there is such a program on PATH.
    static func exists(_ program: String) -> Bool {
        guard !program.contains("/") else { return access(program, X_OK) == 0 }
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        return path.split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
    }

    /// Its output and its errors go nowhere.
    static func run(_ arguments: [String]) throws(TrialError) -> ChildRun {
        wait(for: try start(arguments, feeding: false))
    }

    /// - Parameter feeding: whether its standard input is a pipe of ours; if not, it is empty.
    static func start(_ arguments: [String], feeding: Bool) throws(TrialError) -> Running {
        var ends: [Int32] = [-1, -1]
        if feeding, pipe(&ends) != 0 { throw fault(arguments, errno) }
        // The child must not hold the end that it waits for to be closed.
        for end in ends where end >= 0 { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if feeding {
            posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        for descriptor: Int32 in [1, 2] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
        }
        var vector = arguments.map { strdup($0) } + [nil]
        defer { vector.forEach { free($0) } }
        var began = timespec()
        clock_gettime(CLOCK_MONOTONIC, &began)
        var process: pid_t = 0
        let code = posix_spawnp(&process, arguments[0], &actions, nil, &vector, environ)
        if feeding { close(ends[0]) }
        guard code == 0 else {
            if feeding { close(ends[1]) }
            throw fault(arguments, code)
        }
        return Running(process: process, began: began, input: ends[1])
    }

    static func wait(for running: Running) -> ChildRun {
        var (status, usage): (Int32, rusage) = (0, rusage())
        while wait4(running.process, &status, 0, &usage) < 0, errno == EINTR {}
        var ended = timespec()
        clock_gettime(CLOCK_MONOTONIC, &ended)
        let seconds =
            Double(ended.tv_sec - running.began.tv_sec)
            + Double(ended.tv_nsec - running.began.tv_nsec) * 1e-9
        let signal = status & 0x7F
        return ChildRun(
            seconds: seconds, code: signal == 0 ? status >> 8 & 0xFF : 128 + signal,
            peakResident: usage.ru_maxrss * 1_024)
    }

    private static func fault(_ arguments: [String], _ code: Int32) -> TrialError {
        .environment(
            "\(arguments[0]) cannot be started (\(String(cString: strerror(code)))); install it")
    }
}
