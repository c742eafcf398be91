internal import Foundation
internal import Glibc
internal import Measure
internal import Replay

/// CPU time of this process by what its threads are for.
struct ThreadTimes {
    /// The calling thread.
    var caller = Nanoseconds.zero
    /// Threads that RocksDB flushes and compacts with.
    var rocksdb = Nanoseconds.zero
    /// All others: those that write batches, read and keep time for the store.
    var others = Nanoseconds.zero

    var total: Nanoseconds { caller + rocksdb + others }

    /// So far, also of threads that have ended, except that RocksDB's must be there still.
    static func now() -> ThreadTimes {
        var times = ThreadTimes()
        var process = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &process)
        let all = Nanoseconds(Int64(process.tv_sec) * 1_000_000_000 + Int64(process.tv_nsec))
        times.caller = GeneratorCPU.ofThisThread()
        let tasks = "/proc/self/task"
        for task in (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? [] {
            // RocksDB names its threads "rocksdb:low0" and so on (threadpool_imp.cc).
            guard let name = read("\(tasks)/\(task)/comm"), name.hasPrefix("rocksdb:"),
                let ran = read("\(tasks)/\(task)/schedstat")?.split(separator: " ").first,
                let nanoseconds = Int64(ran)  // time on a core, proc(5)
            else { continue }
            times.rocksdb = times.rocksdb + Nanoseconds(nanoseconds)
        }
        times.others = max(.zero, all - times.caller - times.rocksdb)
        return times
    }

    static func - (a: ThreadTimes, b: ThreadTimes) -> ThreadTimes {
        ThreadTimes(
            caller: a.caller - b.caller, rocksdb: a.rocksdb - b.rocksdb,
            others: a.others - b.others)
    }

    private static func read(_ path: String) -> String? {
        try? String(contentsOfFile: path, encoding: .utf8)
    }
}
