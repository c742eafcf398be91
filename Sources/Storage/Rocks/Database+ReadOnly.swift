internal import CRocks
internal import Glibc

/// Reading a database that somebody else wrote, without a lock, a log file or any other byte written.
extension Database {
    /// Files and bytes of one level of a column family.
    package struct Level: Sendable, Equatable, Codable {
        package let level: Int
        package let files: Int
        package let bytes: Int
    }

    /// Names of the column families of the database at `path`.
    /// - Throws: RocksDB's refusal, for example that CURRENT or the MANIFEST is missing or damaged.
    package static func families(at path: String) throws(RocksError) -> [String] {
        var names: UnsafeMutablePointer<CChar>?, bytes = 0
        try check(crocks_list_families(path, &names, &bytes))
        defer { crocks_free(names) }
        let text = UnsafeRawBufferPointer(start: names, count: bytes)
        return text.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Opens the database at `path` for reading, with RocksDB's default options.
    ///
    /// What its write-ahead log holds is read into memory: with EMQX's options at most 1.5 GiB
    /// (`max_total_wal_size`, reference 2.2), commonly two memtables.
    /// - Parameters:
    ///   - families: all of them, from `families(at:)`; their places are the indices of cursors and levels.
    ///   - warnings: what RocksDB complained of, one line each; also when it refuses.
    package static func readOnly(
        _ path: String, families: [String], warnings: inout [String]
    ) throws(RocksError) -> Database {
        var names = families.map { strdup($0) as UnsafeMutablePointer<CChar>? }
        defer { for name in names { free(name) } }
        var opened: OpaquePointer?, text: UnsafeMutablePointer<CChar>?
        let status = names.withUnsafeMutableBufferPointer { names in
            names.withMemoryRebound(to: UnsafePointer<CChar>?.self) { names in
                crocks_open_read_only(path, names.baseAddress, families.count, &opened, &text)
            }
        }
        if let text {
            warnings += String(cString: text).split(separator: "\n").map(String.init)
            crocks_free(text)
        }
        try check(status)
        guard let opened else {
            throw RocksError(
                code: -1, subcode: 0, description: "opened nothing and reported no error")
        }
        return Database(opened: opened, on: RocksEngine())
    }

    /// The levels that hold files.
    package borrowing func levels(family: Int) -> [Level] {
        // RocksDB's num_levels is 7; nobody sets more than a few dozens.
        var room = [crocks_level](repeating: crocks_level(), count: 64)
        let count = crocks_levels(raw, Int32(family), &room, room.count)
        return room[..<count].filter { $0.files > 0 }.map {
            Level(level: Int($0.level), files: Int($0.files), bytes: Int($0.bytes))
        }
    }
}
