internal import Foundation
internal import Glibc

/// A disk of a test's own that can be filled: a tmpfs, which only root may mount.
package final class SmallDisk: Sendable {
    package let path: String

    package init?(_ path: String, megabytes: Int) {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        } catch { return nil }
        guard Self.run("mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", path]) else {
            return nil
        }
    }

    deinit { _ = Self.run("umount", ["-l", path]) }

    private static func run(_ name: String, _ arguments: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    /// Takes all the room that is left, with a file at `path`; removing it gives the room back.
    package static func fill(_ path: String) {
        let file = open(path, O_CREAT | O_WRONLY, 0o600)
        guard file >= 0 else { return }
        let block = [UInt8](repeating: 0, count: 1 << 16)
        while write(file, block, block.count) > 0 {}
        close(file)
    }
}
