internal import Broker
internal import Measure
internal import NIOCore
internal import Storage

/// One look at the whole broker: what a scrape or a question of `dstune ctl` is answered from.
struct Observation: Sendable {
    var facts: BrokerFacts
    var host: HostSnapshot
    var shards: [ShardState]
    /// By shard.
    var ledger: [Int: EngineLedger.Entry]
    var slides: Slides
    var reads: ReadCounters
    var waitingPolls: Int
    /// Messages accepted and not yet committed.
    var depth: Int
    /// Messages that were accepted and lost.
    var lost: Int
    /// Time that writers waited inside RocksDB (ticker `rocksdb.stall.micros`).
    var stallTime: Nanoseconds
    /// Bytes that went to write-ahead logs (ticker `rocksdb.wal.bytes`), and to the shared log.
    var walBytes: Bytes
    var walSyncs: Int
    var loggedBytes: Bytes
    var blockCaches: Bytes
    var tableReaders: Bytes
    var memory: ProcessMemory
}

/// What a broker is from its start to its end.
struct BrokerFacts: Sendable, Equatable {
    /// Of the engine model.
    var engine: String
    var acknowledge: String
    var sync: String
    var version: String
    var rocksdb: String

    init(_ options: StoreOptions, version: String) {
        engine = options.engine.id
        acknowledge = options.durability.acknowledgement.rawValue
        sync =
            switch options.durability.sync {
            case .none: "none"
            case .perCommit: "per_commit"
            case .interval(let interval): "interval:\(interval.count / 1_000_000)"
            }
        self.version = version
        rocksdb = RocksEngine.version
    }
}

/// What the event loop knows, at one moment of it.
struct HostSnapshot: Sendable {
    var counters: SessionLayer.Counters
    var totals: SessionTotals
    var connections: Int
    var heldAnswers: Int
    var received: PacketCounts
    var sent: PacketCounts
    /// PUBLISH to PUBACK, and to PUBREC, at the edge of the event loop.
    var puback: LatencyBuckets
    var pubrec: LatencyBuckets
}

/// Where an observation is made from.
struct ObservationSource: Sendable {
    let facts: BrokerFacts
    let host: NIOLoopBound<BrokerHost>
    let loop: any EventLoop
    let store: ShardedStore
    let engine: RocksEngine
    let ledger: EngineLedger
    let history = FlushHistory()

    init(
        facts: BrokerFacts, host: NIOLoopBound<BrokerHost>, loop: any EventLoop,
        store: ShardedStore, engine: RocksEngine
    ) {
        self.facts = facts
        self.host = host
        self.loop = loop
        self.store = store
        self.engine = engine
        ledger = EngineLedger(engine)
    }

    func observe() async throws -> Observation {
        let host = self.host
        let snapshot = try await loop.submit { host.value.snapshot() }.get()
        let shards = store.shardStates()
        let gauges = store.gauges()
        let now = MonotonicTime.now()
        return Observation(
            facts: facts, host: snapshot, shards: shards, ledger: ledger.entries(at: now),
            slides: history.slides(now, shards.map(\.flushes)), reads: store.readCounters,
            waitingPolls: store.waitingPolls, depth: store.depth, lost: store.failure?.lost ?? 0,
            stallTime: store.stallTime,
            walBytes: Bytes(UInt64(clamping: engine.ticker("rocksdb.wal.bytes") ?? 0)),
            walSyncs: Int(clamping: engine.ticker("rocksdb.wal.synced") ?? 0),
            loggedBytes: store.loggedBytes, blockCaches: gauges.blockCaches,
            tableReaders: gauges.tableReaders, memory: .read())
    }
}
