internal import CRocks

/// Where an encoder's puts go: a batch, or a benchmark that keeps them.
protocol PutSink: ~Copyable {
    mutating func put(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, family: Int)
}

/// Puts that land together in one database. Reused from flush to flush, so that its memory is allocated
/// once.
///
/// It does not keep its database open: whoever makes one holds the database for as long.
package struct WriteBatch: ~Copyable, PutSink {
    private let raw: OpaquePointer

    package init(for database: borrowing Database) { raw = crocks_batch_create(database.raw) }

    deinit { crocks_batch_destroy(raw) }

    package mutating func put(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, family: Int
    ) {
        crocks_batch_put(
            raw, Int32(family), key.baseAddress, key.count, value.baseAddress, value.count)
    }

    /// Applies all of it or nothing, and keeps it for another try.
    package mutating func commit(sync: Bool = false, wal: Bool = true) throws(RocksError) {
        try check(crocks_write(raw, sync ? 1 : 0, wal ? 0 : 1))
    }

    /// Empties it and keeps its memory.
    mutating func clear() { crocks_batch_clear(raw) }
}
