internal import Foundation
package import Layout
internal import MQTT

/// Stores messages as `ShardedStore` does, one after the other on the caller's thread and without a timer,
/// so that the same messages always make the same batches: to see what they leave on the disk.
package final class ScratchStore {
    private let directory: String
    private let options: StoreOptions
    private let batch: Int
    private var shards: [ScratchShard] = []

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
            let path = path(of: number)
            do {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700])
            } catch { throw StoreOpenError(path: path, reason: "\(error)") }
            do throws(RocksError) {
                shards.append(try ScratchShard(at: path, number, options, on: engine))
            } catch { throw StoreOpenError(shard: number, at: path, error) }
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
        if shard.waiting >= batch { try shard.commit() }
    }

    /// Commits what waits, flushes all memtables, and counts what is there then, shard by shard.
    package func finish() throws(RocksError) -> [ShardFootprint] {
        for shard in shards { try shard.commit() }
        return try (0..<shards.count).map { number throws(RocksError) in
            let path = path(of: number)
            // Before the flush, after which RocksDB starts a log anew. Those it is done with are kept.
            let logBytes = Self.logBytes(in: path)
            var footprint = try shards[number].read()
            footprint.logBytes += logBytes
            let tables = Self.files("sst", in: path)
            footprint.sstFiles = tables.count
            footprint.sstBytes = Self.bytes(of: tables)
            return footprint
        }
    }

    private func path(of shard: Int) -> String { directory + "/\(shard)" }

    private static func files(_ kind: String, in path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
            .filter { $0.hasSuffix("." + kind) }.map { path + "/" + $0 }
    }

    /// A flush in the background moves logs to the archive meanwhile: one that is no longer where it was listed is
    /// there.
    private static func logBytes(in path: String) -> Int {
        let archive = path + "/archive"
        var names = Set<String>()
        for folder in [path, archive] {
            names.formUnion(files("log", in: folder).map { String($0.dropFirst(folder.count + 1)) })
        }
        return names.reduce(0) { sum, name in
            sum + (size(of: "\(path)/\(name)") ?? size(of: "\(archive)/\(name)") ?? 0)
        }
    }

    private static func bytes(of files: [String]) -> Int {
        files.reduce(0) { $0 + (size(of: $1) ?? 0) }
    }

    private static func size(of file: String) -> Int? {
        try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int
    }
}

/// One shard of a scratch store: its database, and the batch that is being filled.
private final class ScratchShard {
    private let database: Database
    private var batch: WriteBatch
    private var encoder: MessageEncoder
    private var trie: TopicTrie
    private let options: StoreOptions
    /// Messages in the batch.
    private(set) var waiting = 0
    /// Of the messages in the batch: client ids, topics and payloads.
    private var waitingBytes = 0
    /// Written to the log that a raft engine's shards share.
    private var sharedLogBytes = 0

    init(
        at path: String, _ number: Int, _ options: StoreOptions, on engine: RocksEngine
    ) throws(RocksError) {
        // Logs that are done with go to a folder of their own instead of away, so that they can be counted.
        let kept = options.databaseOptions + [("WAL_ttl_seconds", "\(UInt32.max)")]
        let database = try Database(
            path: path, shard: number, options: OptionText.print(kept), families: options.families,
            on: engine)
        batch = WriteBatch(for: database)
        self.database = database
        self.options = options
        encoder = MessageEncoder(after: 0, options.format)
        trie = TopicTrie(options.format)
    }

    func add(
        _ submission: Submission, from publisher: Publisher, topic: RawSpan, properties: RawSpan,
        payload: RawSpan
    ) throws(CodecError) {
        try encoder.encode(
            submission, from: publisher, topic: topic, properties: properties, payload: payload,
            learning: &trie, into: &batch)
        waiting += 1
        waitingBytes +=
            publisher.header.clientID.utf8.count + topic.byteCount + payload.byteCount
    }

    /// Writes the batch. It is not synced, which would change nothing of what is written.
    func commit() throws(RocksError) {
        guard waiting > 0 else { return }
        switch options.engine.log {
        case .wal: try batch.commit()
        case .raft(let raft):
            try batch.commit(wal: false)
            sharedLogBytes +=
                waitingBytes + waiting * raft.messageOverhead + raft.batchOverhead
                + raft.entryOverhead
        }
        batch.clear()
        (waiting, waitingBytes) = (0, 0)
    }

    /// Flushes the memtables and counts the rows.
    func read() throws(RocksError) -> ShardFootprint {
        try database.flush()
        var footprint = try ShardFootprint(reading: database, options.format)
        footprint.logBytes = sharedLogBytes
        return footprint
    }
}
