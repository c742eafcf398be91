import Foundation

/// A directory as it is: every name with its size, times and content. Two of them tell whether a byte or a
/// time stamp changed in between.
struct DataTree: Equatable {
    private let entries: [String: [UInt64]]

    init(_ root: String) throws {
        var entries: [String: [UInt64]] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: root) + [""] {
            let path = root + "/" + name
            var status = stat()
            guard lstat(path, &status) == 0 else { throw CocoaError(.fileReadUnknown) }
            var content: UInt64 = 0xCBF2_9CE4_8422_2325
            if status.st_mode & S_IFMT == S_IFREG {
                // FNV-1a: a change must show, nobody attacks it.
                for byte in try Data(contentsOf: URL(fileURLWithPath: path)) {
                    content = (content ^ UInt64(byte)) &* 0x100_0000_01B3
                }
            }
            entries[name] = [
                UInt64(status.st_size), UInt64(status.st_mode), UInt64(status.st_ino),
                UInt64(status.st_mtim.tv_sec), UInt64(status.st_mtim.tv_nsec),
                UInt64(status.st_ctim.tv_sec), UInt64(status.st_ctim.tv_nsec), content,
            ]
        }
        self.entries = entries
    }

    var count: Int { entries.count }
}
