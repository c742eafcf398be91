internal import Layout
internal import MQTT
internal import Synchronization

/// Applies one shard's entries again, each once and in order. Used by the thread that opens the store.
final class Replay {
    /// Where reading a segment ended early, and the entry that was due there. A copy that a crash cut
    /// short ends so; the log file that it was made from then still has what is missing.
    struct Tear {
        let path: String
        let offset: Int
        let due: UInt64
        let shard: Int

        var error: StoreOpenError {
            .damaged(path, at: offset, "entry \(due) of shard \(shard)")
        }
    }

    let shard: Shard
    let directory: String
    private(set) var snapshot = LogSnapshot()
    /// The last entry that the database has now.
    private(set) var last: UInt64 = 0
    private(set) var entries = 0
    var segments: [ShardLog.Segment] = []
    var torn: Tear?

    private let model: RaftModel
    private var batch: WriteBatch
    private var latest: UInt64 = 0
    /// By what commands say of them. Let go of when many have come.
    private var publishers: [[UInt8]: Publisher] = [:]
    private static let publishersKept = 4_096

    init(_ shard: Shard, _ model: RaftModel, directory: String) {
        self.shard = shard
        self.model = model
        self.directory = directory
        batch = WriteBatch(for: shard.database)
    }

    var log: ShardLog {
        ShardLog(
            shard, directory: directory, lastIndex: last, snapshot: snapshot, segments: segments)
    }

    func start(after snapshot: LogSnapshot) {
        self.snapshot = snapshot
        last = snapshot.index
        shard.latest.max(snapshot.latest, ordering: .acquiringAndReleasing)
    }

    /// Applies what is at `record.command` of `bytes`, unless it is there already.
    /// - Throws: when entries before it are missing, its command is not one of ours, or RocksDB refuses.
    func apply(_ record: LogRecord, of bytes: [UInt8], at path: String) throws(StoreOpenError) {
        guard record.index > last else { return }
        guard record.index == last + 1 else {
            throw torn?.error
                ?? .damaged(
                    path, at: record.command.lowerBound,
                    "what should come before entry \(record.index) of shard \(shard.number)")
        }
        let applied = bytes.withUnsafeBytes {
            apply(UnsafeRawBufferPointer(rebasing: $0[record.command]))
        }
        guard applied else {
            throw .damaged(
                path, at: record.command.lowerBound,
                "the command of entry \(record.index) of shard \(shard.number)")
        }
        do throws(RocksError) { try batch.commit(wal: false) } catch {
            throw StoreOpenError(path: directory, reason: "\(error)")
        }
        batch.clear()
        shard.latest.max(latest, ordering: .acquiringAndReleasing)
        last = record.index
        entries += 1
    }

    /// - Returns: whether these are the bytes of a command.
    private func apply(_ command: UnsafeRawBufferPointer) -> Bool {
        guard var logged = LoggedBatch(command, batchOverhead: model.batchOverhead) else {
            return false
        }
        var encoder = MessageEncoder(after: logged.latest, shard.options.format)
        // All of an entry is in one generation: the next one begins between two entries.
        let generations = shard.generations
        guard let generation = generations.first(where: { logged.latest < $0.last }) else {
            preconditionFailure("the current generation has no last timestamp")
        }
        encoder.families = generation.families
        let bytes = command.bytes
        for _ in 0..<logged.count {
            guard let message = logged.next(in: command),
                let publisher = publisher(of: command, message)
            else { return false }
            generation.trie.withLock { trie in
                let before = trie.streamCount
                // A message that cannot be encoded was refused the first time, too.
                try? encoder.encode(
                    Submission(logged: message), from: publisher,
                    topic: bytes.extracting(message.topic),
                    properties: bytes.extracting(message.properties),
                    payload: bytes.extracting(message.payload), learning: &trie, into: &batch)
                shard.streamCount.add(trie.streamCount - before, ordering: .releasing)
            }
        }
        latest = encoder.latest
        return true
    }

    private func publisher(of command: UnsafeRawBufferPointer, _ message: LoggedMessage)
        -> Publisher?
    {
        let name = Array(command[message.publisher])
        if let known = publishers[name] { return known }
        let publisher = name.withUnsafeBytes {
            Publisher(logged: $0, shard: shard.number, shard.options.format)
        }
        if publishers.count >= Self.publishersKept { publishers.removeAll() }
        publishers[name] = publisher
        return publisher
    }
}

extension StoreOpenError {
    /// Something in the shared log cannot be read and had been synced.
    static func damaged(_ path: String, at offset: Int, _ what: String) -> StoreOpenError {
        StoreOpenError(
            path: path, problem: .damaged,
            reason:
                "\(what) is damaged or missing at byte \(offset): put back a copy of the store's "
                + "directory, or move it away to begin with an empty one")
    }
}
