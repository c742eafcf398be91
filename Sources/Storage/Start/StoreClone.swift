internal import Foundation
internal import Glibc

extension StoreInventory {
    /// Makes a store at `target` that begins as the one at `source`: tables are hard links, everything else
    /// is copied, because RocksDB goes on writing or replaces it. `source` is not changed, neither now nor by
    /// whatever the clone does later.
    ///
    /// Quick: its cost grows with the number of files, not with their size.
    /// - Throws: `.changed` when `source` is not what was counted, or was touched meanwhile; `.otherDevice`;
    ///   `.unwritable`. A clone that failed is removed.
    package func clone(_ source: String, to target: String) throws(StartError) {
        try check(source)
        guard mkdir(target, 0o700) == 0 else { throw .unwritable(target, systemError()) }
        do throws(StartError) {
            for file in files { try put(file, from: source, to: target) }
            try check(target)
        } catch {
            try? FileManager.default.removeItem(atPath: target)
            throw error
        }
    }

    private func put(
        _ file: File, from source: String, to target: String
    ) throws(StartError) {
        let from = source + "/" + file.path, to = target + "/" + file.path
        let folder = (to as NSString).deletingLastPathComponent
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch { throw .unwritable(folder, "\(error)") }
        if file.isTable {
            guard link(from, to) == 0 else {
                if errno == EXDEV { throw .otherDevice(source, target) }
                throw .unwritable(to, systemError())
            }
        } else {
            do { try FileManager.default.copyItem(atPath: from, toPath: to) } catch {
                throw .unwritable(to, "\(error)")
            }
        }
    }
}
