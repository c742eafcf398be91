internal import CRocks

extension Database {
    /// Writes the memtables of these column families to level 0, with `atomic_flush` as one, and waits.
    borrowing func flush(families: [Int]) throws(RocksError) {
        let indices = families.map { Int32($0) }
        try check(crocks_flush_families(raw, indices, indices.count))
    }
}
