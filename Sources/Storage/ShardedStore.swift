package import Layout
package import MQTT
internal import Measure
internal import Synchronization

/// Durable storage as EMQX lays it out: shards that are each a RocksDB of their own on one Env, each with
/// one writer. Opened and closed by one owner; used from any thread.
package final class ShardedStore: DurableStore {
    let all: [Shard]
    let state: StoreState
    private let reader: StreamReader
    let engine: RocksEngine
    private let writers: [JoinedThread]
    private let readers: [JoinedThread]
    private let closed = Atomic(false)

    /// Opens or creates the shards below `directory`, one directory each, named 0, 1, … as EMQX 5.8 does.
    /// - Parameter latest: microseconds since the epoch that no message of the store is older than; the wall
    ///   clock, unless a past is being written.
    /// - Throws: why the directory, or the first of its shards, cannot be opened; no room for a thread.
    package init(
        at directory: String, _ options: StoreOptions, on engine: RocksEngine,
        latest: UInt64? = nil
    ) throws(StoreOpenError) {
        self.engine = engine
        let state = StoreState(options: options)
        self.state = state
        engine.share(options.shared)
        // Other databases of the engine, as those of session state, have no part in it.
        defer { engine.share(SharedOptions()) }
        let identity = StoreIdentity(options)
        let isNew = try identity.claim(directory)
        let opened = try Shard.open(
            below: directory, options, on: engine,
            latest: latest ?? wallClockMilliseconds() * 1_000)
        if isNew { try identity.settle(directory) }
        all = opened
        // After the shards are open, because each makes the pools grow to what it asks for.
        engine.setThreads(high: options.threads.high, low: options.threads.low)
        let reader = StreamReader(opened, state: state)
        self.reader = reader
        do {
            writers = try opened.map { shard throws(ThreadError) in
                try JoinedThread {
                    var writer = ShardWriter(shard, options: options, state: state)
                    writer.run()
                }
            }
            readers = [try JoinedThread { reader.run() }]
        } catch {
            // Threads that did start end with their inboxes.
            for shard in opened { shard.inbox.close() }
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
    package var format: RowFormat { state.options.format }

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
