internal import Dispatch
internal import Measure
internal import Synchronization

/// When generations begin and go (EMQX's `emqx_persistent_message_ds_gc_worker`, reference 4.4).
enum Retention {
    /// A new generation if all of them began a retention period ago or earlier; then those go that ended a
    /// retention period ago or earlier.
    static func collect(
        _ shards: [Shard], keeping retention: Nanoseconds, at time: UInt64
    ) throws(GenerationError) {
        let period = UInt64(max(0, retention.count / 1_000_000))
        guard time > period else { return }
        let limit = time - period
        if shards.allSatisfy({ $0.generations.allSatisfy { $0.since <= limit } }) {
            try addGeneration(to: shards, at: time)
        }
        try dropGenerations(of: shards, until: limit)
    }

    static func addGeneration(to shards: [Shard], at time: UInt64) throws(GenerationError) {
        for shard in shards { try run(.add(since: time), on: shard) }
    }

    static func dropGenerations(of shards: [Shard], until time: UInt64) throws(GenerationError) {
        for shard in shards {
            let expired = shard.generations.filter { ($0.until ?? .max) <= time }.map(\.number)
            if !expired.isEmpty { try run(.drop(expired), on: shard) }
        }
    }

    /// Has the shard's writer do it, and waits.
    static func run(_ kind: Errand.Kind, on shard: Shard) throws(GenerationError) {
        let errand = Errand(kind)
        guard shard.errands.withLock({ $0.add(errand) }) else { throw .closed }
        shard.inbox.call()
        try errand.wait()
    }
}

/// Collects garbage once every retention period, as EMQX's timer does.
final class RetentionTimer: Sendable {
    private let shards: [Shard]
    private let retention: Nanoseconds
    private let state: StoreState
    private let stopped = Atomic(false)
    private let wake = DispatchSemaphore(value: 0)

    init(_ shards: [Shard], keeping retention: Nanoseconds, state: StoreState) {
        self.shards = shards
        self.retention = retention
        self.state = state
    }

    func run() {
        while true {
            _ = wake.wait(timeout: .now() + .nanoseconds(Int(retention.count)))
            if stopped.load(ordering: .acquiring) { return }
            do throws(GenerationError) {
                try Retention.collect(shards, keeping: retention, at: wallClockMilliseconds())
            } catch {
                if case .refused(let shard, let reason) = error {
                    state.fail(shard: shard, reason, losing: 0)
                }
            }
        }
    }

    func stop() {
        stopped.store(true, ordering: .releasing)
        wake.signal()
    }
}
