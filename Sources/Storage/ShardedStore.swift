internal import Foundation
package import Layout
package import MQTT
internal import Synchronization

/// Durable storage as EMQX lays it out: shards that are each a RocksDB of their own on one Env, each with
/// one writer. Opened and closed by one owner; used from any thread.
package final class ShardedStore: DurableStore {
    let all: [Shard]
    let state: StoreState
    private let reader: StreamReader
    let engine: RocksEngine
    /// Where batches go first, for an engine that has one log for all shards.
    let log: SharedLog?
    private let writers: [JoinedThread]
    private let readers: [JoinedThread]
    private let closed = Atomic(false)

    /// Opens or creates the shards below `directory`, one directory each, named 0, 1, … as EMQX 5.8 does.
    /// - Throws: RocksDB's refusal of the first shard that cannot be opened, or no room for a thread.
    package init(
        at directory: String, _ options: StoreOptions, on engine: RocksEngine
    ) throws(StoreOpenError) {
        self.engine = engine
        let state = StoreState(options: options)
        self.state = state
        var opened: [Shard] = []
        for number in 0..<options.shards {
            let path = directory + "/\(number)"
            do {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700])
                opened.append(
                    try Shard(number: number, path: path, options: options, engine: engine))
            } catch { throw StoreOpenError(path: path, reason: "\(error)") }
        }
        all = opened
        let log = try Self.openLog(below: directory, options, shards: opened, on: engine)
        self.log = log
        let reader = StreamReader(opened, state: state)
        self.reader = reader
        do {
            writers = try opened.map { shard throws(ThreadError) in
                try JoinedThread {
                    var writer = ShardWriter(
                        shard, options: options, state: state, lane: log?.lane(of: shard.number))
                    writer.run()
                }
            }
            readers = [try JoinedThread { reader.run() }]
        } catch {
            // Threads that did start end with their inboxes.
            for shard in opened { shard.inbox.close() }
            log?.close()
            throw StoreOpenError(path: directory, reason: "\(error)")
        }
    }

    private static func openLog(
        below directory: String, _ options: StoreOptions, shards: [Shard], on engine: RocksEngine
    ) throws(StoreOpenError) -> SharedLog? {
        switch options.engine.log {
        case .raft(let model):
            return try SharedLog(
                below: directory, model, options: options, shards: shards, on: engine)
        case .wal:
            let path = directory + "/" + LogFiles.directoryName
            guard !FileManager.default.fileExists(atPath: path) else {
                throw StoreOpenError(
                    path: path,
                    reason: "it holds messages that \(options.engine.id) would not see: open the "
                        + "store with the raft engine that made it")
            }
            return nil
        }
    }

    /// Commits what waits and ends all threads. The databases close when this store is let go of.
    package func close() {
        guard !closed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        for shard in all { shard.inbox.close() }
        for thread in writers { thread.join() }
        log?.close()
        reader.stop()
        for thread in readers { thread.join() }
    }

    deinit { close() }

    package var shards: Int { all.count }

    package func submit(
        _ submission: Submission, from publisher: Publisher, topic: RawSpan, properties: RawSpan,
        payload: RawSpan
    ) {
        state.entered()
        all[publisher.shard].inbox.append(
            submission, from: publisher, topic: topic, properties: properties, payload: payload)
    }

    package func committed(in shard: Int) -> Int { all[shard].committed.load(ordering: .acquiring) }

    package func streamCount(in shard: Int) -> Int {
        all[shard].streamCount.load(ordering: .acquiring)
    }

    package func streams(in shard: Int, matching filter: TopicFilter) -> [StreamID] {
        let text = Array(filter.text.utf8)
        return all[shard].trie.withLock {
            $0.streams(matching: text.span.bytes).map(\.stream)
        }
    }

    package func now(in shard: Int) -> UInt64 { all[shard].latest.load(ordering: .acquiring) }

    package func request(_ request: ReadRequest) { reader.request(request) }

    package func takeReplies() -> [ReadReply] { reader.takeReplies() }

    package func onNews(_ notify: @escaping @Sendable () -> Void) { state.onNews(notify) }
}

/// A shard's directory or a file of the shared log cannot be opened.
package struct StoreOpenError: Error, CustomStringConvertible {
    package let path: String
    package let reason: String

    package var description: String { "\(path): cannot be opened (\(reason))" }
}
