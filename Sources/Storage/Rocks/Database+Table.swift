internal import Foundation

extension Database {
    /// A small database of one column family, opened or made as mnesia_rocksdb does for EMQX's tables
    /// (reference 4.1).
    /// - Parameter shard: what its failures are filed under.
    static func table(
        at path: String, shard: Int, on engine: RocksEngine
    ) throws(RocksError) -> Database {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw RocksError(code: -1, subcode: 0, description: "\(path): \(error)")
        }
        return try Database(
            path: path, shard: shard, options: OptionText.print(StateTable.options),
            families: [
                ColumnFamily(name: "default", options: OptionText.print(StateTable.familyOptions))
            ], on: engine)
    }
}
