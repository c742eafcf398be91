internal import Measure
internal import Synchronization

/// What the shards of one store share: the limit on writers inside RocksDB, the count of messages that
/// wait, the measured window, the first failure, and whom to tell of news.
final class StoreState: Sendable {
    let options: StoreOptions
    /// What sessions want to read; writers tell it what they have committed.
    let polls: PollQueue

    private let disk: DiskGate
    private let waiting = Atomic<Int>(0)
    private let waitingMax = Atomic<Int>(0)
    private let windowStartNanoseconds = Atomic<Int64>(.max)
    private let windowEndNanoseconds = Atomic<Int64>(.max)
    private let failure = Mutex<StoreFailure?>(nil)
    /// What was decided, for whoever waits to be told.
    let desk: SettlementDesk
    /// The shards' last timestamps; nil for an engine that does not record them.
    let timestamps: TimestampRecord?
    private let syncs = Atomic<Int>(0)
    private let listeners = Listeners()

    init(options: StoreOptions, timestamps: TimestampRecord?) {
        self.options = options
        polls = PollQueue(shards: options.shards, options.engine.reading)
        self.timestamps = timestamps
        desk = SettlementDesk(
            lanes: options.retainedLane + 1,
            isNeeded: options.durability.acknowledgement == .onCommit
                || options.engine.sessions == .beforePromise)
        disk = DiskGate(places: options.engine.concurrentWrites)
    }

    func enterDisk() { disk.enter() }
    /// - Returns: false if it would have to wait.
    func enterDiskAtOnce() -> Bool { disk.enterAtOnce() }
    func leaveDisk() { disk.leave() }
    /// The most shards that were inside RocksDB at once.
    var mostInside: Int { disk.most }

    /// Messages accepted and not yet committed, all shards.
    var depth: Int { waiting.load(ordering: .relaxed) }
    /// The largest `depth` since the window was set.
    var depthMax: Int { waitingMax.load(ordering: .relaxed) }

    /// Syncs of a log by the timer of the sync mode `interval`.
    var timedSyncs: Int { syncs.load(ordering: .relaxed) }
    func noteSync() { syncs.add(1, ordering: .relaxed) }

    func entered() { waiting.add(1, ordering: .relaxed) }

    /// The depth only falls here, so its peaks are what it is just before.
    func left(_ count: Int) {
        let now = MonotonicTime.now()
        if windowStart <= now, now < windowEnd {
            waitingMax.max(waiting.load(ordering: .relaxed), ordering: .relaxed)
        }
        waiting.subtract(count, ordering: .relaxed)
    }

    var windowStart: MonotonicTime {
        MonotonicTime(nanoseconds: windowStartNanoseconds.load(ordering: .relaxed))
    }
    var windowEnd: MonotonicTime {
        MonotonicTime(nanoseconds: windowEndNanoseconds.load(ordering: .relaxed))
    }

    func measure(from start: MonotonicTime, to end: MonotonicTime) {
        windowEndNanoseconds.store(end.nanoseconds, ordering: .relaxed)
        windowStartNanoseconds.store(start.nanoseconds, ordering: .relaxed)
        waitingMax.store(0, ordering: .relaxed)
    }

    /// Stands for a shard's number where session tables fail, and in their databases' events.
    static let sessionTables = -1
    /// Likewise for the table of retained messages.
    static let retainedTable = -2

    func fail(shard: Int, _ error: RocksError, losing count: Int) {
        failure.withLock { failure in
            let lost = failure?.lost ?? 0
            failure = StoreFailure(
                shard: failure?.shard ?? shard, error: failure?.error ?? error, lost: lost + count)
        }
    }

    var firstFailure: StoreFailure? { failure.withLock { $0 } }

    func onNews(_ notify: @escaping @Sendable () -> Void) { listeners.add(notify) }

    /// - Precondition: all threads of the store have ended.
    func forgetListeners() { listeners.removeAll() }

    func announce() { listeners.notify() }
}

/// Batches that RocksDB refused: their messages are lost.
package struct StoreFailure: Error, Sendable, CustomStringConvertible {
    /// Where it was refused first, and why.
    package let shard: Int
    package let error: RocksError
    /// Messages lost so far.
    package let lost: Int

    private var place: String {
        switch shard {
        case StoreState.sessionTables: "the session tables"
        case StoreState.retainedTable: "the table of retained messages"
        default: "shard \(shard)"
        }
    }

    package var description: String {
        place + " failed (\(error)); \(lost) accepted messages were lost"
            + (error.isNoSpace ? ": free space on that disk or choose another directory" : "")
    }
}
