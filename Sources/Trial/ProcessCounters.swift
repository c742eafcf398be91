internal import Foundation
internal import Glibc
package import Measure

/// CPU time that this process has used, all threads, user and system.
package func processCPU() -> Nanoseconds {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let seconds = Int64(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
    let microseconds = Int64(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
    return Nanoseconds(seconds * 1_000_000_000 + microseconds * 1_000)
}

/// The most memory that was resident in this process so far: proc(5), `VmHWM`. Not getrusage(2), which also tells what
/// the process that started it had (execve(2) keeps `ru_maxrss`).
/// - Returns: zero if the system does not say.
package func peakResident() -> Bytes {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first
    return Bytes((kibibytes.flatMap { UInt64($0) } ?? 0) << 10)
}

/// Bytes that the files below `directory` occupy on disk (allocated blocks, not lengths).
package func diskUse(of directory: String) -> Bytes {
    var total: UInt64 = 0
    // Files come and go while RocksDB works: one that is gone again occupies nothing.
    for name in FileManager.default.enumerator(atPath: directory) ?? .init() {
        guard let name = name as? String else { continue }
        var status = stat()
        guard lstat(directory + "/" + name, &status) == 0 else { continue }
        total += UInt64(status.st_blocks) * 512  // st_blocks counts 512-byte units, stat(2)
    }
    return Bytes(total)
}
