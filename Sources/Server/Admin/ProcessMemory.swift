internal import CJemalloc
internal import Glibc
internal import Measure

/// Memory of this process.
struct ProcessMemory: Sendable, Equatable {
    /// Bytes that the program asked jemalloc for, and that jemalloc keeps resident; nil where the process runs
    /// on another allocator.
    var allocated: Bytes?
    var resident: Bytes?

    /// Refreshes jemalloc's statistics and reads them (mallctl(3), `stats.*`).
    static func read() -> ProcessMemory {
        var epoch: UInt64 = 1
        guard mallctl("epoch", nil, nil, &epoch, MemoryLayout<UInt64>.size) == 0 else {
            return ProcessMemory()
        }
        return ProcessMemory(
            allocated: statistic("stats.allocated"), resident: statistic("stats.resident"))
    }

    private static func statistic(_ name: String) -> Bytes? {
        var value = 0
        var size = MemoryLayout<Int>.size
        return mallctl(name, &value, &size, nil, 0) == 0 ? Bytes(UInt64(value)) : nil
    }
}
