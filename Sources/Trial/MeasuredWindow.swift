internal import Measure
internal import Replay
internal import Storage

/// What RocksDB and the process did between two moments: counters read at the window's start and after
/// the drain, whose work was caused by the window and is charged to it; events by their own times.
struct MeasuredWindow {
    private let engine: RocksEngine
    private let store: ShardedStore
    private let load: BrokerLoad
    private let tickers: [String]
    private var first: [String: Int64] = [:]
    private var last: [String: Int64] = [:]
    private var cpuFirst = Nanoseconds.zero
    private var burnedFirst = Nanoseconds.zero
    private var loggedFirst = Bytes.zero
    /// Bytes that a log shared by all shards wrote from the window's start to the end of the drain.
    private(set) var logged = Bytes.zero
    /// CPU of the process in the window, without what was burned.
    private(set) var cpu = Nanoseconds.zero
    /// CPU burned in the window for what the modelled broker spends.
    private(set) var burned = Nanoseconds.zero
    private(set) var events: [StorageEvent] = []
    private var began: MonotonicTime?
    private var ended: MonotonicTime?

    init(engine: RocksEngine, store: ShardedStore, load: BrokerLoad) {
        self.engine = engine
        self.store = store
        self.load = load
        tickers = Metric.catalogue.compactMap {
            if case .ticker(let name, _) = $0.source { name } else { nil }
        }
    }

    /// Called now and then during the replay; opens the window at the first call that lies in it.
    mutating func observe(at now: MonotonicTime, schedule: Schedule) {
        guard began == nil, now >= schedule.windowStart else { return }
        began = now
        first = read()
        cpuFirst = processCPU()
        burnedFirst = load.burned
        loggedFirst = store.loggedBytes
        events = engine.takeEvents()
    }

    mutating func close(at now: MonotonicTime) {
        ended = now
        burned = load.burned - burnedFirst
        cpu = processCPU() - cpuFirst - burned
    }

    mutating func drained() {
        last = read()
        logged = Bytes(store.loggedBytes.count - loggedFirst.count)
        events += engine.takeEvents()
    }

    /// Growth of a ticker from the window's start to the end of the drain.
    func ticker(_ name: String) -> Int64? {
        guard let first = first[name], let last = last[name] else { return nil }
        return last - first
    }

    /// Bytes that reached the disk through logs, flushes and compactions, for each byte of write batches.
    var writeAmplification: Double? {
        guard let user = ticker("rocksdb.bytes.written"), user > 0 else { return nil }
        let names = [
            "rocksdb.wal.bytes", "rocksdb.flush.write.bytes", "rocksdb.compact.write.bytes",
        ]
        let written = names.compactMap(ticker).reduce(Int64(logged.count), +)
        return Double(written) / Double(user)
    }

    /// Compactions out of level 0 of a shard's messages, completed within the window.
    var l0Cycles: Int {
        inWindow.count {
            guard case .compaction(let job) = $0.kind else { return false }
            return job.from == 0 && job.to > 0 && $0.isOfMessages
                && EngineModel.Family.isData($0.columnFamily ?? 0)
        }
    }

    var flushes: Int {
        inWindow.count {
            if case .flush = $0.kind { $0.isOfMessages } else { false }
        }
    }

    /// Times that a column family entered slowdown or stop, in all and by cause.
    var stalls: StallCounts { StallCounts(inWindow) }

    private var inWindow: [StorageEvent] {
        guard let began, let ended else { return [] }
        return events.filter { began <= $0.ended && $0.ended < ended }
    }

    private func read() -> [String: Int64] {
        var values: [String: Int64] = [:]
        for name in tickers { values[name] = engine.ticker(name) }
        return values
    }
}
