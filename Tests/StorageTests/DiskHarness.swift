import Measure
import Storage

/// One database with one column family on an engine's disk, and what the tests of the disk do with it.
enum Rocks {
    static func open(
        _ path: String, on engine: RocksEngine, options: String = "", family: String = ""
    ) throws(RocksError) -> Database {
        try Database(
            path: path, shard: 0, options: "create_if_missing=true;" + options,
            families: [ColumnFamily(name: "default", options: family)], on: engine)
    }

    static func put(
        _ key: String, _ value: [UInt8] = [1], in database: borrowing Database, sync: Bool = false
    ) throws(RocksError) {
        var batch = WriteBatch(for: database)
        Array(key.utf8).withUnsafeBytes { key in
            value.withUnsafeBytes { batch.put(key, $0, family: 0) }
        }
        try batch.commit(sync: sync)
    }

    static func keys(of database: borrowing Database) throws(RocksError) -> [String] {
        var cursor = Cursor(database, family: 0)
        var keys: [String] = []
        cursor.seek(UnsafeRawBufferPointer(start: nil, count: 0))
        while let key = try cursor.current({ key, _ in String(decoding: key, as: UTF8.self) }) {
            keys.append(key)
            cursor.next()
        }
        return keys
    }
}

/// A disk with round figures, so that expected times can be written down.
extension DiskModel {
    /// 1,000 bytes a second written, 2,000 read, an fsync takes 1 s, a read 0.1 s; nothing is written back
    /// before it is asked for, and nothing is cached.
    static let slow = DiskModel(
        name: "slow", source: "made up", write: Throughput(sustained: Bytes(1_000)),
        read: Bytes(2_000), queueDepth: 4, requestSize: Bytes(1_000),
        fsync: LatencyDistribution(always: .seconds(1)),
        readLatency: LatencyDistribution(always: .milliseconds(100)),
        pageCache: PageCache(
            size: .zero, background: .gib(1), limit: .gib(1), expiry: .seconds(1_000)))

    func with(_ change: (inout DiskModel) -> Void) -> DiskModel {
        var model = self
        change(&model)
        return model
    }
}
