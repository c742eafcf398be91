internal import Foundation
internal import Measure

extension DiskModel.PageCache {
    /// As this machine's kernel is set, for all its memory. Only the share of memory that programs leave can
    /// really be dirty or cached; a model for a busy machine wants smaller figures.
    package static func ofThisMachine() -> DiskModel.PageCache {
        let memory = Bytes(ProcessInfo.processInfo.physicalMemory)
        var cache = DiskModel.PageCache(ofMemory: memory)
        if let background = threshold("dirty_background", of: memory) {
            cache.background = background
        }
        if let limit = threshold("dirty", of: memory) { cache.limit = limit }
        if let hundredths = figure("dirty_expire_centisecs") {
            cache.expiry = .milliseconds(Int64(hundredths) * 10)
        }
        cache.background = min(cache.background, cache.limit)
        return cache
    }

    /// `vm.NAME_bytes` if it is set, else `vm.NAME_ratio`, per cent of memory (admin-guide/sysctl/vm.rst).
    private static func threshold(_ name: String, of memory: Bytes) -> Bytes? {
        if let bytes = figure("\(name)_bytes"), bytes > 0 { return Bytes(UInt64(bytes)) }
        return figure("\(name)_ratio").map { Bytes(memory.count / 100 * UInt64($0)) }
    }

    private static func figure(_ name: String) -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/sys/vm/\(name)", encoding: .utf8),
            let value = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)), value >= 0
        else { return nil }
        return value
    }
}
