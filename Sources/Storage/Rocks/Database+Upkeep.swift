internal import CRocks

extension Database {
    /// Writes the memtables of all column families to level 0 and waits for it.
    package borrowing func flush() throws(RocksError) { try check(crocks_flush(raw)) }

    /// Takes writes again after a background error (rocksdb/db.h, `DB::Resume`).
    /// - Throws: `isBusy` while RocksDB is already trying by itself, as it does every five seconds after a
    ///   disk was full; anything else when the cause is still there.
    package borrowing func resume() throws(RocksError) { try check(crocks_resume(raw)) }
}

extension RocksError {
    /// `rocksdb::Status::kBusy`.
    package var isBusy: Bool { code == 11 }
}
