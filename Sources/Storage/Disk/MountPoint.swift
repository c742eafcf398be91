internal import Foundation

/// The file system that holds a directory, as the kernel describes it.
package struct MountPoint: Sendable, Equatable {
    package let path: String
    /// "ext4", "tmpfs", …
    package let type: String
    /// Of the mount and of the file system, without repetition.
    package let options: [String]
    /// "/dev/nvme0n1p2", or what stands in its place.
    package let source: String
    /// "259:2": the block device's number, for /sys/dev/block.
    package let device: String

    /// Of the mount with the longest path that holds `directory`; of several on the same path the last,
    /// which covers the others.
    /// - Parameter table: the text of /proc/self/mountinfo (proc_pid_mountinfo(5)).
    package init?(of directory: String, in table: String) {
        let wanted = directory == "/" ? "/" : directory + "/"
        var best: MountPoint?
        for line in table.split(separator: "\n") {
            guard let mount = MountPoint(line: line) else { continue }
            let prefix = mount.path == "/" ? "/" : mount.path + "/"
            guard wanted.hasPrefix(prefix), mount.path.count >= best?.path.count ?? 0 else {
                continue
            }
            best = mount
        }
        guard let best else { return nil }
        self = best
    }

    /// `36 35 98:0 /root /mount rw,noatime master:1 - ext3 /dev/root rw,errors=continue`: optional fields
    /// may stand before the dash.
    private init?(line: Substring) {
        let fields = line.split(separator: " ").map(String.init)
        guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count >= dash + 3 else {
            return nil
        }
        device = fields[2]
        path = Self.unescaped(fields[4])
        type = fields[dash + 1]
        source = Self.unescaped(fields[dash + 2])
        let own = fields[5].split(separator: ",").map(String.init)
        let whole = fields.dropFirst(dash + 3).first.map {
            $0.split(separator: ",").map(String.init)
        }
        options = own + (whole ?? []).filter { !own.contains($0) }
    }

    /// The kernel writes space, tab, line end and backslash as three octal digits.
    private static func unescaped(_ text: String) -> String {
        var rest = text.utf8[...]
        var bytes: [UInt8] = []
        while let first = rest.popFirst() {
            let digits = rest.prefix(3)
            if first == UInt8(ascii: "\\"), digits.count == 3,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(first)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether its files are in memory: nothing that is measured there says anything of a disk.
    package var isMemory: Bool { ["tmpfs", "ramfs"].contains(type) }

    /// A figure of the block device's queue (Documentation/ABI/stable/sysfs-block); nil if it has none, as
    /// tmpfs, a network file system or a container's overlay.
    func queueFigure(_ name: String) -> Int? {
        // A partition has no queue of its own; its disk is one folder up.
        for folder in ["queue", "../queue"] {
            let path = "/sys/dev/block/\(device)/\(folder)/\(name)"
            if let text = try? String(contentsOfFile: path, encoding: .utf8),
                let value = Int(text.trimmingCharacters(in: .whitespacesAndNewlines))
            {
                return value
            }
        }
        return nil
    }
}
