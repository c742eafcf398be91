internal import CRocks
internal import Synchronization

/// What a walk may look at: RocksDB's `ReadTier`.
package enum ReadTier: Sendable {
    case all
    /// Memtables and the block cache. Where a walk would have to read from the disk it ends, with an error.
    case blockCache
}

/// A walk through one column family, over what was there when it was made.
///
/// It does not keep its database open: whoever makes one holds the database for as long.
package struct Cursor: ~Copyable {
    private let raw: OpaquePointer
    private let engine: RocksEngine

    package init(_ database: borrowing Database, family: Int) {
        self.init(crocks_iterator_create(database.raw, Int32(family)), of: database)
    }

    /// A walk that ends before `upper` without reading what lies there.
    package init(
        _ database: borrowing Database, family: Int, from lower: [UInt8], below upper: [UInt8],
        _ tier: ReadTier = .all
    ) {
        let raw = lower.withUnsafeBytes { lower in
            upper.withUnsafeBytes { upper in
                crocks_iterator_create_within(
                    database.raw, Int32(family), lower.baseAddress, lower.count,
                    upper.baseAddress, upper.count, tier == .all ? 0 : 1)
            }
        }
        self.init(raw, of: database)
    }

    private init(_ raw: OpaquePointer?, of database: borrowing Database) {
        guard let raw else { preconditionFailure("the shim makes an iterator or does not return") }
        self.raw = raw
        engine = database.engine
        engine.iterators.add(1, ordering: .relaxed)
        engine.iteratorsMade.add(1, ordering: .relaxed)
    }

    deinit {
        crocks_iterator_destroy(raw)
        engine.iterators.subtract(1, ordering: .relaxed)
    }

    /// To the first key that is not smaller.
    package mutating func seek(_ key: UnsafeRawBufferPointer) {
        crocks_iterator_seek(raw, key.baseAddress, key.count)
    }

    package mutating func next() { crocks_iterator_next(raw) }

    /// Lends the current pair to `body`: the bytes are RocksDB's and die with the next move.
    /// - Returns: nil at the end of the data.
    /// - Throws: why the walk ended, when that was not the end of the data.
    package func current<Result>(
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Result
    ) throws(RocksError) -> Result? {
        var key: UnsafePointer<UInt8>?, value: UnsafePointer<UInt8>?
        var keyBytes = 0, valueBytes = 0
        guard crocks_iterator_current(raw, &key, &keyBytes, &value, &valueBytes) != 0 else {
            try check(crocks_iterator_status(raw))
            return nil
        }
        return body(
            UnsafeRawBufferPointer(start: key, count: keyBytes),
            UnsafeRawBufferPointer(start: value, count: valueBytes))
    }
}
