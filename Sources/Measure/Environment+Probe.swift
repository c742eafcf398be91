internal import Foundation
internal import Glibc

extension Environment {
    /// Reads this machine and measures the sync time of `directory`, which must exist and be writable.
    ///
    /// - Throws: `EnvironmentError` when the directory cannot be written or synced.
    package static func probe(
        directory: String, version: String, rocksdb: String
    ) throws(EnvironmentError) -> Environment {
        let info = ProcessInfo.processInfo
        return Environment(
            version: version, optimised: isOptimisedBuild, rocksdb: rocksdb,
            cpu: field("model name", of: "/proc/cpuinfo") ?? "unknown",
            cores: info.activeProcessorCount, memory: Bytes(info.physicalMemory),
            kernel: text(of: "/proc/sys/kernel/osrelease") ?? "unknown",
            governor: text(of: "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
                ?? "unknown",
            filesystem: filesystem(of: directory), syncMedian: try syncMedian(in: directory))
    }

    private static func text(of path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func field(_ name: String, of path: String) -> String? {
        text(of: path)?.split(separator: "\n").first { $0.hasPrefix(name) }?
            .split(separator: ":").last?.trimmingCharacters(in: .whitespaces)
    }

    /// Of the mount with the longest matching mount point, as `/proc/self/mounts` names it.
    private static func filesystem(of directory: String) -> String {
        let path = URL(fileURLWithPath: directory).resolvingSymlinksInPath().path + "/"
        let mounts = (text(of: "/proc/self/mounts") ?? "").split(separator: "\n").map {
            $0.split(separator: " ")
        }
        let over = mounts.filter { fields in
            guard fields.count > 2 else { return false }
            return path.hasPrefix(fields[1] == "/" ? "/" : String(fields[1]) + "/")
        }
        return over.max { $0[1].count < $1[1].count }.map { String($0[2]) } ?? "unknown"
    }

    private static func syncMedian(in directory: String) throws(EnvironmentError) -> Nanoseconds {
        let path = directory + "/.sync-probe"
        let file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0o600)
        guard file >= 0 else { throw .failed(path: path, doing: "create", errno: errno) }
        defer { close(file); unlink(path) }
        let block = [UInt8](repeating: 0xA5, count: 4096)
        var times: [Double] = []
        for _ in 0..<syncSamples {
            guard write(file, block, block.count) == block.count else {
                throw .failed(path: path, doing: "write", errno: errno)
            }
            let start = MonotonicTime.now()
            guard fdatasync(file) == 0 else {
                throw .failed(path: path, doing: "sync", errno: errno)
            }
            times.append(Double((MonotonicTime.now() - start).count))
        }
        return Nanoseconds(Int64(quantile(times, 0.5)))
    }
}

/// The directory that a study is to live in cannot be used.
package enum EnvironmentError: Error, CustomStringConvertible {
    case failed(path: String, doing: String, errno: Int32)

    package var description: String {
        switch self {
        case .failed(let path, let doing, let code):
            "\(path): cannot \(doing) it (\(String(cString: strerror(code)))); "
                + "choose a directory on a disk with space that you may write to"
        }
    }
}
