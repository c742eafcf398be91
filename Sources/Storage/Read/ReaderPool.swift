internal import Foundation
internal import Measure
internal import Synchronization

/// The workers that read for sessions, so that no read ever holds a session back.
///
/// EMQX has some processes for each shard, of which no more are inside RocksDB at once than it has dirty I/O
/// schedulers. Here one pool serves all shards, no more of its threads at a time for one shard than it has workers,
/// and no more of them in all than may be inside RocksDB, or than the cores bear: a thread that finds its rows in
/// memory only takes its core from another.
final class ReaderPool: Sendable {
    private let shards: [Shard]
    private let store: StoreState
    private let model: ReadModel
    private let polls: PollQueue

    init(_ shards: [Shard], _ model: ReadModel, state store: StoreState) {
        self.shards = shards
        self.model = model
        self.store = store
        polls = store.polls
        for shard in shards { polls.began(shard.current.number, in: shard.number) }
    }

    /// Threads that `work` is for. Where polls wait for commits, every commit wakes a reader: more of them than
    /// half of the cores take these from the writers and sessions that they wait for.
    var threadCount: Int {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        return max(
            1,
            min(
                shards.count * model.workersPerShard, store.options.engine.concurrentWrites,
                model.parksAtOnce ? cores / 2 : 2 * cores))
    }

    /// Reads until `stop`.
    func work() {
        var pace = WakePace()
        while let work = polls.take(&pace) { serve(work, .all) }
    }

    /// Reads on the calling thread, which must not wait, what no worker was woken for since `polls.hold`.
    /// - Parameter longest: after so long no other stream is visited; what is left is the workers'.
    /// - Returns: false if something of it is not in memory.
    func workInPlace(atMost longest: Nanoseconds) -> Bool {
        let end = MonotonicTime.now() + longest
        while let work = polls.takeHeld() {
            guard serve(work, .blockCache) else { return false }
            if .now() >= end { break }
        }
        return true
    }

    /// - Returns: false if it was put back, because not all of it is within the tier.
    @discardableResult
    private func serve(_ work: PollQueue.Work, _ tier: ReadTier) -> Bool {
        let shard = shards[work.shard]
        let generation = shard.generation(work.cursor.address.generation)
        var scan = StreamScan(
            work.polls, at: work.cursor, of: shard, generation, batch: model.batch)
        guard let outcome = read(&scan, generation, shard, tier) else {
            polls.putBack(work)
            return false
        }
        let (damage, hasAnswered) = polls.finish(work, scan, outcome)
        for row in damage { store.fail(shard: shard.number, row.error, losing: 1) }
        if hasAnswered { store.announce() }
        return true
    }

    /// Answers polls whose time is over, until `stop`.
    func keepTime() { polls.keepTime(store.announce) }

    func stop() { polls.stop(threads: threadCount) }

    /// A read that RocksDB refuses counts as a failure of the store, and is not tried again.
    /// - Returns: nil if not all of it is within the tier.
    private func read(
        _ scan: inout StreamScan, _ generation: Generation?, _ shard: Shard, _ tier: ReadTier
    ) -> ReadReply.Outcome? {
        guard let generation else { return .gone }
        do throws(RocksError) {
            // Held for a scan, from the opening of its iterators to their end.
            if tier == .all {
                store.enterDisk()
            } else {
                guard store.enterDiskAtOnce() else { return nil }
            }
            defer { store.leaveDisk() }
            try scan.run(in: generation, tier)
            // Dropped meanwhile, it may have been found empty.
            return shard.generation(generation.number) == nil ? .gone : .read
        } catch {
            if tier != .all, error.isIncomplete { return nil }
            store.fail(shard: shard.number, error, losing: 0)
            return .refused
        }
    }
}
