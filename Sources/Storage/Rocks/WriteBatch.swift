internal import CRocks
internal import Measure

/// Where an encoder's puts go: a batch, or a benchmark that keeps them.
package protocol PutSink: ~Copyable {
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

    mutating func delete(_ key: UnsafeRawBufferPointer, family: Int) {
        crocks_batch_delete(raw, Int32(family), key.baseAddress, key.count)
    }

    /// Applies all of it or nothing, and keeps it for another try.
    /// - Parameter waits: false to be refused where RocksDB would hold the write back.
    package mutating func commit(
        sync: Bool = false, wal: Bool = true, waits: Bool = true
    ) throws(RocksError) {
        try check(crocks_write(raw, sync ? 1 : 0, wal ? 0 : 1, waits ? 0 : 1))
    }

    /// From now on the calling thread takes the time for which its commits are held back.
    static func timeStalls() { crocks_time_stalls() }

    /// That time since then: RocksDB held this thread's commits back because flushes or compactions were behind.
    static var stalled: Nanoseconds { Nanoseconds(Int64(clamping: crocks_stalled_ns())) }

    /// Empties it and keeps its memory.
    package mutating func clear() { crocks_batch_clear(raw) }
}

extension Database {
    /// Writes one row by itself, to the write-ahead log and without a sync.
    package borrowing func put(
        _ key: [UInt8], _ value: [UInt8], family: Int
    ) throws(RocksError) {
        var batch = WriteBatch(for: self)
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { batch.put(key, $0, family: family) }
        }
        try batch.commit()
    }
}
