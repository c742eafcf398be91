internal import Foundation
internal import Glibc

/// The files of a shard's directory by kind, and what they take on disk.
package struct FileCensus: Codable, Equatable, Sendable {
    package struct Kind: Codable, Equatable, Sendable {
        package var files = 0
        /// Lengths of the files.
        package var bytes = 0
        /// Blocks on disk (`st_blocks` × 512).
        package var allocatedBytes = 0
        /// Allocated beyond the end of the file: what `allow_fallocate` reserves and nothing uses.
        package var unusedBytes = 0

        enum CodingKeys: String, CodingKey {
            case files, bytes, allocatedBytes = "allocated_bytes", unusedBytes = "unused_bytes"
        }

        static func + (a: Kind, b: Kind) -> Kind {
            Kind(
                files: a.files + b.files, bytes: a.bytes + b.bytes,
                allocatedBytes: a.allocatedBytes + b.allocatedBytes,
                unusedBytes: a.unusedBytes + b.unusedBytes)
        }
    }

    package private(set) var sst = Kind()
    package private(set) var wal = Kind()
    package private(set) var manifest = Kind()
    package private(set) var log = Kind()
    package private(set) var other = Kind()

    package var total: Kind { sst + wal + manifest + log + other }

    init() {}

    init(of directory: String) throws(DiagnoseError) {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: directory) } catch {
            throw .unreadable(directory, "it cannot be listed; run as a user who may read it")
        }
        for name in names {
            var status = stat()
            guard lstat(directory + "/" + name, &status) == 0 else {
                throw .unreadable(
                    directory + "/" + name,
                    "cannot be looked at (\(String(cString: strerror(errno))))")
            }
            guard status.st_mode & S_IFMT == S_IFREG else { continue }
            let allocated = Int(status.st_blocks) * 512
            let block = max(1, Int(status.st_blksize))
            let needed = (Int(status.st_size) + block - 1) / block * block
            self[keyPath: Self.kind(of: name)] =
                self[keyPath: Self.kind(of: name)]
                + Kind(
                    files: 1, bytes: Int(status.st_size), allocatedBytes: allocated,
                    unusedBytes: max(0, allocated - needed))
        }
    }

    private static func kind(of name: String) -> WritableKeyPath<FileCensus, Kind> {
        if name.hasSuffix(".sst") { return \.sst }
        if name.hasSuffix(".log") { return \.wal }
        if name.hasPrefix("MANIFEST-") { return \.manifest }
        if name.hasPrefix("LOG") && name != "LOCK" { return \.log }
        return \.other
    }

    static func + (a: FileCensus, b: FileCensus) -> FileCensus {
        var sum = FileCensus()
        sum.sst = a.sst + b.sst
        sum.wal = a.wal + b.wal
        sum.manifest = a.manifest + b.manifest
        sum.log = a.log + b.log
        sum.other = a.other + b.other
        return sum
    }
}
