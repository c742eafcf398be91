internal import Synchronization

/// The count of a shard's flushes, in a row of its default column family that is written before each batch,
/// in a write of its own: EMQX 6's local backend (reference 2.5). Key and width are our reading; the cost
/// that counts is the second write.
struct SerialRow: ~Copyable {
    private static let key = Array("serial".utf8)

    private var batch: WriteBatch
    private var value: UInt64 = 0

    /// Goes on after what was written before; a row that cannot be read is the store's failure.
    init(of shard: Shard, state: StoreState) {
        batch = WriteBatch(for: shard.database)
        var cursor = Cursor(shard.database, family: EngineModel.Family.default)
        Self.key.withUnsafeBytes { cursor.seek($0) }
        do throws(RocksError) {
            value =
                try cursor.current { key, value in
                    guard key.elementsEqual(Self.key), value.count == 8 else { return UInt64(0) }
                    return UInt64(bigEndian: value.loadUnaligned(as: UInt64.self))
                } ?? 0
        } catch { state.fail(shard: shard.number, error, losing: 0) }
    }

    mutating func commit() throws(RocksError) {
        value += 1
        batch.clear()
        withUnsafeBytes(of: value.bigEndian) { value in
            Self.key.withUnsafeBytes {
                batch.put($0, value, family: EngineModel.Family.default)
            }
        }
        try batch.commit()
    }
}
