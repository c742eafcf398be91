internal import CRocks
internal import Glibc

/// A column family and the options it is opened with, in RocksDB's own syntax (`a=1;b=2`).
package struct ColumnFamily: Sendable, Equatable {
    package let name: String
    package let options: String

    package init(name: String, options: String) {
        self.name = name
        self.options = options
    }
}

/// One open RocksDB. Owns the C pointer: copying one would close the database twice, so it cannot be
/// copied, and letting go of it closes it.
///
/// `@unchecked Sendable`: `rocksdb::DB` is "safe for concurrent access from multiple threads without any
/// external synchronization" (rocksdb/db.h).
package struct Database: ~Copyable, @unchecked Sendable {
    let raw: OpaquePointer
    /// The shared state must outlive the database.
    let engine: RocksEngine

    /// Opens or creates the database at `path`.
    /// - Throws: RocksDB's own refusal, for example an unknown option by name, or that another process
    ///   holds the directory's lock.
    package init(
        path: String, shard: Int, options: String, families: [ColumnFamily], on engine: RocksEngine
    ) throws(RocksError) {
        var names = families.map { strdup($0.name) as UnsafeMutablePointer<CChar>? }
        var texts = families.map { strdup($0.options) as UnsafeMutablePointer<CChar>? }
        defer { for text in names + texts { free(text) } }
        var opened: OpaquePointer?
        try check(
            names.withUnsafeMutableBufferPointer { names in
                texts.withUnsafeMutableBufferPointer { texts in
                    names.withMemoryRebound(to: UnsafePointer<CChar>?.self) { names in
                        texts.withMemoryRebound(to: UnsafePointer<CChar>?.self) { texts in
                            crocks_open(
                                engine.raw, path, Int32(shard), options, names.baseAddress,
                                texts.baseAddress, families.count, &opened)
                        }
                    }
                }
            })
        guard let opened else {
            throw RocksError(
                code: -1, subcode: 0, description: "opened nothing and reported no error")
        }
        raw = opened
        self.engine = engine
    }

    init(opened raw: OpaquePointer, on engine: RocksEngine) {
        self.raw = raw
        self.engine = engine
    }

    deinit { crocks_close(raw) }

    /// An integer property of RocksDB, e.g. `rocksdb.num-files-at-level0`.
    /// - Parameter family: index of a column family; nil for the sum over all.
    package borrowing func property(_ name: String, family: Int? = nil) -> UInt64? {
        var value: UInt64 = 0
        guard crocks_property(raw, Int32(family ?? -1), name, &value) != 0 else { return nil }
        return value
    }

    /// The options in force after RocksDB's own sanitising.
    /// - Parameter family: index of a column family; nil for the options of the database.
    package borrowing func options(family: Int?) throws(RocksError) -> [String: String] {
        var text: UnsafeMutablePointer<CChar>?
        try check(crocks_options(raw, Int32(family ?? -1), &text))
        defer { crocks_free(text) }
        return OptionText.parse(text.map { String(cString: $0) } ?? "")
    }

    /// What it shares with other databases, read back from its options.
    package borrowing func shared() -> SharedOptions {
        var shared = SharedOptions()
        crocks_shared(raw, &shared.writeBufferManager, &shared.bytesPerSecond)
        return shared
    }

    /// Makes what was written to the write-ahead log so far survive a loss of power.
    package borrowing func syncLog() throws(RocksError) { try check(crocks_sync_wal(raw)) }

    /// Creates a column family beside those that are open.
    /// - Returns: its index, which is never used again.
    package borrowing func createFamily(_ family: ColumnFamily) throws(RocksError) -> Int {
        var index: Int32 = 0
        try check(crocks_create_family(raw, family.name, family.options, &index))
        return Int(index)
    }

    /// Drops a column family with its files. Nobody may write to it any more; open cursors stay valid, later
    /// ones find nothing.
    package borrowing func dropFamily(_ family: Int) throws(RocksError) {
        try check(crocks_drop_family(raw, Int32(family)))
    }

    /// RocksDB's own defaults: of a database, or of a column family.
    package static func defaults(ofDatabase: Bool) throws(RocksError) -> [String: String] {
        var text: UnsafeMutablePointer<CChar>?
        try check(crocks_default_options(ofDatabase ? 1 : 0, &text))
        defer { crocks_free(text) }
        return OptionText.parse(text.map { String(cString: $0) } ?? "")
    }
}
