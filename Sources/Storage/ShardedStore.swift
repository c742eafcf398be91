internal import Foundation
package import Layout
package import MQTT
internal import Measure
internal import Synchronization

/// Durable storage as EMQX lays it out: shards that are each a RocksDB of their own on one Env, each with
/// one writer. Opened and closed by one owner; used from any thread.
package final class ShardedStore: DurableStore {
    let all: [Shard]
    let state: StoreState
    let reader: ReaderPool
    private let sessions: SessionTables
    private let retained: RetainedTable
    private let syncer: WalSyncer?
    private let retention: RetentionTimer
    let engine: RocksEngine
    /// Where batches go first, for an engine that has one log for all shards.
    let log: SharedLog?
    let seats: [WriterSeat]
    private let writers: [JoinedThread]
    /// For reading, session state, syncs and retention.
    private let others: [JoinedThread]
    let owed = OwedShards()
    /// Between `hold` and `release`.
    let holdsWakes = Atomic(false)
    /// Of the commits and reads that the submitting thread does itself.
    let commits = InPlacePermit(longest: .milliseconds(2), pause: .milliseconds(500))
    let reads = InPlacePermit(
        longest: .milliseconds(2), pause: .milliseconds(500), apart: WakePace.interval)
    private let closed = Atomic(false)

    /// Opens or creates the shards below `directory`, one directory each, named 0, 1, … as EMQX 5.8 does;
    /// what EMQX keeps in mnesia is in `mnesia` beside them.
    /// - Parameter latest: microseconds since the epoch that no message of the store is older than; the wall
    ///   clock and what was recorded before, unless a past is being written.
    /// - Throws: why the directory, or the first of its shards, cannot be opened; no room for a thread.
    package init(
        at directory: String, _ options: StoreOptions, on engine: RocksEngine,
        latest: UInt64? = nil
    ) throws(StoreOpenError) {
        self.engine = engine
        let identity = StoreIdentity(options)
        let isNew = try identity.claim(directory)
        let mnesia = directory + "/mnesia"
        let timestamps: TimestampRecord?
        do {
            try FileManager.default.createDirectory(
                atPath: mnesia, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            timestamps =
                options.engine.recordsTimestamp
                ? try TimestampRecord(path: mnesia + "/latest.log") : nil
        } catch { throw StoreOpenError(path: mnesia, reason: "\(error)") }
        let state = StoreState(options: options, timestamps: timestamps)
        self.state = state
        let opened = try Self.open(directory, options, on: engine) { shard in
            // Later than what was recorded, also when the wall clock was set back since (reference 3.4).
            latest ?? max(wallClockMilliseconds() * 1_000, timestamps?.latest(of: shard) ?? 0)
        }
        if isNew { try identity.settle(directory) }
        let retained = try RetainedTable(below: mnesia, on: engine, state: state)
        self.retained = retained
        all = opened
        let log: SharedLog? =
            if case .raft(let model) = options.engine.log {
                try SharedLog(below: directory, model, options: options, shards: opened, on: engine)
            } else {
                nil
            }
        self.log = log
        // After the shards are open, because each makes the pools grow to what it asks for.
        engine.setThreads(high: options.threads.high, low: options.threads.low)
        let reader = ReaderPool(opened, options.engine.reading, state: state)
        self.reader = reader
        let sessions = SessionTables(below: mnesia, on: engine, state: state)
        self.sessions = sessions
        let syncer: WalSyncer? =
            if case .interval(let interval) = options.durability.sync {
                WalSyncer(opened, every: interval, state: state)
            } else {
                nil
            }
        self.syncer = syncer
        let retention = RetentionTimer(opened, keeping: options.retention, state: state)
        self.retention = retention
        let seats = opened.map { WriterSeat($0, options: options, state: state, log: log) }
        self.seats = seats
        do {
            writers = try seats.map { seat throws(ThreadError) in try JoinedThread { seat.run() } }
            others =
                try [
                    JoinedThread { reader.keepTime() }, JoinedThread { sessions.run() },
                    JoinedThread { retention.run() }, JoinedThread { retained.run() },
                ]
                + (0..<reader.threadCount).map { _ throws(ThreadError) in
                    try JoinedThread { reader.work() }
                }
                + (syncer.map { syncer throws(ThreadError) in
                    [try JoinedThread { syncer.run() }]
                } ?? [])
        } catch {
            // Threads that did start end with their inboxes and the polls.
            for shard in opened { shard.inbox.close() }
            log?.close()
            reader.stop()
            sessions.stop()
            retained.stop()
            retention.stop()
            throw StoreOpenError(path: directory, reason: "\(error)")
        }
    }

    /// Opens the shards with what they share. The engine's other databases, as those of session state, have
    /// no part in it.
    private static func open(
        _ directory: String, _ options: StoreOptions, on engine: RocksEngine,
        latest: @Sendable (_ shard: Int) -> UInt64
    ) throws(StoreOpenError) -> [Shard] {
        engine.share(options.shared)
        defer { engine.share(SharedOptions()) }
        return try Shard.open(below: directory, options, on: engine, latest: latest)
    }

    /// Commits what waits and ends all threads. The databases close when this store is let go of.
    package func close() {
        guard !closed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        retention.stop()
        for shard in all { shard.inbox.close() }
        for thread in writers { thread.join() }
        log?.close()
        reader.stop()
        sessions.stop()
        retained.stop()
        syncer?.stop()
        for thread in others { thread.join() }
        // Who listens may own this store.
        state.forgetListeners()
    }

    deinit { close() }

    package var shards: Int { all.count }
    package var format: RowFormat { state.options.format }
    package var storesForQoS0: Bool { state.options.engine.storesForQoS0 }

    @discardableResult
    package func submit(
        _ submission: Submission, from publisher: Publisher, topic: RawSpan, properties: RawSpan,
        payload: RawSpan
    ) -> Receipt {
        state.entered()
        let isHeld = holdsWakes.load(ordering: .relaxed)
        if isHeld { owed.note(publisher.shard) }
        let position = all[publisher.shard].inbox.append(
            submission, from: publisher, topic: topic, properties: properties, payload: payload,
            isHeld: isHeld)
        return Receipt(lane: publisher.shard, position: position)
    }

    /// Not with a shared log: what it takes is applied again after a kill.
    package var keepsHandshakes: Bool {
        acknowledgement == .onCommit && sessionCommits == .beforePromise && log == nil
    }

    @discardableResult
    package func free(_ id: PacketID, of publisher: Publisher) -> Receipt {
        submit(
            Submission(
                qos: .exactlyOnce, retain: false, intended: .now(), timestamp: 0,
                handshake: .released(id)), from: publisher, topic: RawSpan(),
            properties: RawSpan(), payload: RawSpan())
    }

    package func forEachAwaitedRelease(
        _ body: (_ client: String, _ id: PacketID) -> Void
    ) throws(RocksError) {
        for shard in all { try shard.forEachAwaitedRelease(body) }
    }

    package var acknowledgement: Durability.Acknowledgement {
        state.options.durability.acknowledgement
    }

    package var sessionCommits: EngineModel.SessionCommits { state.options.engine.sessions }

    @discardableResult
    package func commit(_ changes: SessionChanges) -> Receipt {
        Receipt(lane: sessionLane, position: sessions.commit(changes))
    }

    /// The rows of a session as they are committed; none for a session that is not kept.
    package func sessionRows(of client: String) throws(RocksError) -> [StateKey: StateValue] {
        try sessions.rows(of: client)
    }

    @discardableResult
    package func forEachSession(
        _ body: (_ client: String, _ rows: [StateKey: StateValue]) -> Void
    ) throws(RocksError) -> Int { try sessions.forEachSession(body) }

    @discardableResult
    package func retain(_ topic: [UInt8], _ row: RetainedRow?) -> Receipt {
        Receipt(lane: retainedLane, position: retained.set(topic, to: row))
    }

    package func takeRetained() -> [RetainedRow] { retained.take() }

    package func takeSettled() -> [Settlement] { state.desk.take() }

    package func committed(in shard: Int) -> Int { all[shard].committed.load(ordering: .acquiring) }

    package func streamCount(in shard: Int) -> Int {
        all[shard].streamCount.load(ordering: .acquiring)
    }

    package func cursors(
        in shard: Int, matching filter: TopicFilter, after: UInt64
    ) -> [StreamCursor] {
        let text = Array(filter.text.utf8)
        // Generations that ended before are not for it: streams × generations are what reading costs.
        return all[shard].generations.filter { $0.last > after }.flatMap { generation in
            generation.trie.withLock { $0.streams(matching: text.span.bytes) }.map {
                StreamCursor(
                    stream: $0.stream, generation: generation.number, after: after,
                    constraints: [StreamConstraint(tokens: $0.tokens)])
            }
        }
    }

    package func now(in shard: Int) -> UInt64 { all[shard].latest.load(ordering: .acquiring) }

    package func request(_ request: ReadRequest) {
        if state.polls.ask(request) { state.announce() }
    }

    package func takeReplies() -> [ReadReply] { state.polls.takeReplies() }

    package func onNews(_ notify: @escaping @Sendable () -> Void) { state.onNews(notify) }
}
