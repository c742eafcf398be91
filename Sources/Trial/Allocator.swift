internal import CJemalloc
package import Measure

/// What jemalloc, which serves every allocation of the process, says of its memory.
package struct Allocator: Sendable, Equatable {
    /// Bytes that the program asked for.
    package let allocated: Bytes
    /// Bytes of pages that hold at least one allocation.
    package let active: Bytes
    /// Bytes of pages that are mapped and resident.
    package let resident: Bytes

    /// Refreshes jemalloc's statistics and reads them (mallctl(3), `stats.*`).
    /// - Returns: nil if the process does not run on jemalloc.
    package static func read() -> Allocator? {
        var epoch: UInt64 = 1
        guard mallctl("epoch", nil, nil, &epoch, MemoryLayout<UInt64>.size) == 0,
            let allocated = statistic("stats.allocated"), let active = statistic("stats.active"),
            let resident = statistic("stats.resident")
        else { return nil }
        return Allocator(allocated: allocated, active: active, resident: resident)
    }

    /// Bytes that the calling thread has allocated since it began; frees are not subtracted, so a
    /// difference of zero means that nothing was allocated in between.
    package static var allocatedByThisThread: UInt64 {
        var bytes: UInt64 = 0
        var size = MemoryLayout<UInt64>.size
        return mallctl("thread.allocated", &bytes, &size, nil, 0) == 0 ? bytes : 0
    }

    private static func statistic(_ name: String) -> Bytes? {
        var value = 0
        var size = MemoryLayout<Int>.size
        return mallctl(name, &value, &size, nil, 0) == 0 ? Bytes(UInt64(value)) : nil
    }
}
