internal import Dispatch
internal import Measure
internal import Synchronization

/// Syncs the write-ahead logs of the shards that have commits since their last sync, so often: the sync
/// mode `interval`. Commits do not wait for it.
final class WalSyncer: Sendable {
    private let shards: [Shard]
    private let state: StoreState
    private let interval: Nanoseconds
    private let stopped = Atomic(false)
    private let wake = DispatchSemaphore(value: 0)

    init(_ shards: [Shard], every interval: Nanoseconds, state: StoreState) {
        self.shards = shards
        self.interval = interval
        self.state = state
    }

    /// Until `stop`; what is unsynced then is synced before this returns.
    func run() {
        while !stopped.load(ordering: .acquiring) {
            _ = wake.wait(timeout: .now() + .nanoseconds(Int(interval.count)))
            syncAll()
        }
        syncAll()
    }

    func stop() {
        stopped.store(true, ordering: .releasing)
        wake.signal()
    }

    /// A sync that fails loses nothing by itself, but the promise does not hold: it counts as a failure.
    private func syncAll() {
        for shard in shards where shard.isUnsynced.exchange(false, ordering: .acquiringAndReleasing)
        {
            state.enterDisk()
            defer { state.leaveDisk() }
            do throws(RocksError) {
                try shard.database.syncLog()
                state.noteSync()
            } catch {
                shard.isUnsynced.store(true, ordering: .releasing)
                state.fail(shard: shard.number, error, losing: 0)
            }
        }
    }
}
