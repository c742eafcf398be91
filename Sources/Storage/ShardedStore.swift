internal import Foundation
internal import Layout
package import MQTT
internal import Synchronization

/// Durable storage as EMQX lays it out: shards that are each a RocksDB of their own on one Env, each with
/// one writer. Opened and closed by one owner; used from any thread.
package final class ShardedStore: DurableStore {
    let all: [Shard]
    let state: StoreState
    private let reader: ReaderPool
    let engine: RocksEngine
    private let writers: [JoinedThread]
    private let readers: [JoinedThread]
    private let closed = Atomic(false)

    /// Opens or creates the shards below `directory`, one directory each, named 0, 1, … as EMQX 5.8 does.
    /// - Throws: RocksDB's refusal of the first shard that cannot be opened, or no room for a thread.
    package init(
        at directory: String, _ options: StoreOptions, reading model: ReadModel = ReadModel(),
        on engine: RocksEngine
    ) throws(StoreOpenError) {
        self.engine = engine
        let state = StoreState(options: options, reading: model)
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
        let reader = ReaderPool(opened, model, state: state)
        self.reader = reader
        do {
            writers = try opened.map { shard throws(ThreadError) in
                try JoinedThread {
                    var writer = ShardWriter(shard, options: options, state: state)
                    writer.run()
                }
            }
            readers =
                try [JoinedThread { reader.keepTime() }]
                + (0..<reader.threadCount).map { _ throws(ThreadError) in
                    try JoinedThread { reader.work() }
                }
        } catch {
            // Threads that did start end with their inboxes and the polls.
            for shard in opened { shard.inbox.close() }
            reader.stop()
            throw StoreOpenError(path: directory, reason: "\(error)")
        }
    }

    /// Commits what waits and ends all threads. The databases close when this store is let go of.
    package func close() {
        guard !closed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        for shard in all { shard.inbox.close() }
        for thread in writers { thread.join() }
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

    package func cursors(
        in shard: Int, matching filter: TopicFilter, after: UInt64
    ) -> [StreamCursor] {
        let text = Array(filter.text.utf8)
        let matches = all[shard].trie.withLock { $0.streams(matching: text.span.bytes) }
        return matches.map {
            StreamCursor(
                stream: $0.stream, after: after, constraints: [StreamConstraint(tokens: $0.tokens)])
        }
    }

    package func now(in shard: Int) -> UInt64 { all[shard].latest.load(ordering: .acquiring) }

    package func request(_ request: ReadRequest) {
        if state.polls.ask(request) { state.announce() }
    }

    package func takeReplies() -> [ReadReply] { state.polls.takeReplies() }

    package func onNews(_ notify: @escaping @Sendable () -> Void) { state.onNews(notify) }
}

/// A shard's directory cannot be opened.
package struct StoreOpenError: Error, CustomStringConvertible {
    package let path: String
    package let reason: String

    package var description: String { "\(path): cannot be opened as a shard (\(reason))" }
}
