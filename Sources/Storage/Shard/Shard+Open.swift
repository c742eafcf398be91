internal import Dispatch
internal import Foundation
internal import Synchronization

extension Shard {
    /// Opens or creates all shards of a store. Several at a time: reading back a log or a learned trie is
    /// work for one core each, and no shard waits for another.
    /// - Parameter latest: microseconds that a shard's next message is later than.
    /// - Throws: why one of those that failed, the first by number, cannot be opened.
    static func open(
        below directory: String, _ options: StoreOptions, on engine: RocksEngine,
        latest: @Sendable (_ shard: Int) -> UInt64
    ) throws(StoreOpenError) -> [Shard] {
        let results = Mutex<[Int: Result<Shard, StoreOpenError>]>([:])
        DispatchQueue.concurrentPerform(iterations: options.shards) { number in
            let path = "\(directory)/\(number)"
            let result = Result { () throws(StoreOpenError) in
                try makeDirectory(path)
                do throws(RocksError) {
                    return try Shard(
                        number: number, path: path, options: options, engine: engine,
                        latest: latest(number))
                } catch { throw StoreOpenError(shard: number, at: path, error) }
            }
            results.withLock { $0[number] = result }
        }
        let all = results.withLock { $0 }
        var shards: [Shard] = []
        for number in 0..<options.shards {
            guard let result = all[number] else {
                preconditionFailure("every iteration leaves a result")
            }
            shards.append(try result.get())
        }
        return shards
    }

    private static func makeDirectory(_ path: String) throws(StoreOpenError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw StoreOpenError(path: path, reason: "it cannot be made: \(error)")
        }
    }
}
