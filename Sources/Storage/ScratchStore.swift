internal import Foundation
package import Layout
internal import MQTT

/// Stores messages as `ShardedStore` does, one after the other on the caller's thread and without a timer,
/// so that the same messages always make the same batches: to see what they leave on the disk.
package final class ScratchStore {
    private final class Shard {
        private let database: Database
        private var batch: WriteBatch
        private var encoder: MessageEncoder
        private var trie: TopicTrie
        /// Messages in the batch.
        private(set) var waiting = 0

        init(_ database: consuming Database, _ format: RowFormat) {
            batch = WriteBatch(for: database)
            self.database = database
            encoder = MessageEncoder(after: 0, format)
            trie = TopicTrie(format)
        }

        func add(
            _ submission: Submission, from publisher: Publisher, topic: RawSpan,
            properties: RawSpan, payload: RawSpan
        ) throws(CodecError) {
            try encoder.encode(
                submission, from: publisher, topic: topic, properties: properties, payload: payload,
                learning: &trie, into: &batch)
            waiting += 1
        }

        func flush(sync: Bool) throws(RocksError) {
            guard waiting > 0 else { return }
            try batch.commit(sync: sync)
            batch.clear()
            waiting = 0
        }
    }

    private let directory: String
    private let options: StoreOptions
    private let batch: Int
    private var shards: [Shard] = []

    /// - Parameters:
    ///   - directory: exists and is empty.
    ///   - batch: messages in each write of a shard.
    package init(
        at directory: String, _ options: StoreOptions, batch: Int
    ) throws(StoreOpenError) {
        precondition(batch >= 1)
        self.directory = directory
        self.options = options
        self.batch = batch
        let engine = RocksEngine()
        for number in 0..<options.shards {
            let path = Self.path(of: number, below: directory)
            do {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700])
                shards.append(
                    Shard(
                        try Self.open(path, number, options, on: engine), options.format))
            } catch { throw StoreOpenError(path: path, reason: "\(error)") }
        }
    }

    package var format: RowFormat { options.format }

    /// - Throws: RocksDB's refusal of the batch that the message completes; it is lost then.
    package func store(
        _ submission: Submission, from publisher: Publisher, topic: RawSpan, properties: RawSpan,
        payload: RawSpan
    ) throws(RocksError) {
        let shard = shards[publisher.shard]
        do throws(CodecError) {
            try shard.add(
                submission, from: publisher, topic: topic, properties: properties, payload: payload)
        } catch { preconditionFailure("the caller has read the properties: \(error)") }
        if shard.waiting >= batch { try shard.flush(sync: options.durability.sync == .perCommit) }
    }

    /// Commits what waits, reads the sizes of all logs, and closes the databases.
    /// - Returns: by shard, the bytes of its write-ahead logs, also of those that were done with.
    package func finish() throws(RocksError) -> [Int] {
        for shard in shards { try shard.flush(sync: options.durability.sync == .perCommit) }
        shards = []
        return (0..<options.shards).map { number in
            let path = Self.path(of: number, below: directory)
            return Self.bytes(of: "log", in: path) + Self.bytes(of: "log", in: path + "/archive")
        }
    }

    /// Opens shard by shard again, which makes RocksDB flush what its logs hold, and counts what is there.
    package func read() throws(StoreOpenError) -> [ShardFootprint] {
        var footprints: [ShardFootprint] = []
        for number in 0..<options.shards {
            let path = Self.path(of: number, below: directory)
            do throws(RocksError) {
                let database = try Self.open(path, number, options, on: RocksEngine())
                footprints.append(try ShardFootprint(reading: database, options.format))
            } catch { throw StoreOpenError(path: path, reason: "\(error)") }
            footprints[number].sstFiles = Self.files("sst", in: path).count
            footprints[number].sstBytes = Self.bytes(of: "sst", in: path)
        }
        return footprints
    }

    private static func path(of shard: Int, below directory: String) -> String {
        directory + "/\(shard)"
    }

    private static func open(
        _ path: String, _ number: Int, _ options: StoreOptions, on engine: RocksEngine
    ) throws(RocksError) -> Database {
        // Logs that are done with go to a folder of their own instead of away, so that they can be counted.
        let kept = options.databaseOptions + [("WAL_ttl_seconds", "\(UInt32.max)")]
        return try Database(
            path: path, shard: number, options: OptionText.print(kept), families: options.families,
            on: engine)
    }

    private static func files(_ kind: String, in path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
            .filter { $0.hasSuffix("." + kind) }.map { path + "/" + $0 }
    }

    private static func bytes(of kind: String, in path: String) -> Int {
        files(kind, in: path).reduce(0) { sum, file in
            let size = try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int
            return sum + (size ?? 0)
        }
    }
}
