internal import Dispatch
internal import Measure
internal import Synchronization

/// A release that Ra would act on.
struct Release: Sendable {
    let shard: Int
    let snapshot: LogSnapshot
    /// For whoever waits until it is done.
    var receipt: ReleaseReceipt?
}

/// Tells one thread how a release went.
final class ReleaseReceipt: Sendable {
    private let outcome = Mutex<RocksError?>(nil)
    private let done = DispatchSemaphore(value: 0)

    func finish(_ error: RocksError?) {
        outcome.withLock { $0 = error }
        done.signal()
    }

    /// To be called once.
    func wait() throws(RocksError) {
        done.wait()
        if let error = outcome.withLock({ $0 }) { throw error }
    }
}

/// Makes a shard's database hold what its log holds, so that the log may forget it: an atomic flush of data
/// and trie, then a small snapshot file (reference 3.8). On a thread of its own, as Ra's snapshot writer is a
/// process of its own: the shard's writer goes on meanwhile.
struct Releaser: ~Copyable {
    private let log: SharedLog

    init(_ log: SharedLog) { self.log = log }

    mutating func run() {
        while let release = log.releases.take() {
            let shard = log.shards[release.shard]
            do throws(RocksError) {
                try perform(release, of: shard)
                release.receipt?.finish(nil)
            } catch {
                // Nothing is lost: the entries stay in the log, and the next request tries again.
                shard.keepSnapshot()
                log.counters.count { $0.failedReleases += 1 }
                release.receipt?.finish(error)
            }
        }
    }

    private func perform(_ release: Release, of shard: ShardLog) throws(RocksError) {
        // What was applied before the request is in a memtable or in a file by now.
        try shard.shard.database.flush(
            families: shard.shard.generations.flatMap { [$0.families.data, $0.families.trie] })
        log.counters.count { $0.forcedFlushes += 1 }
        log.step(.flushed(shard: release.shard))
        let written = try release.snapshot.write(in: shard.directory, on: log.files.engine)
        log.counters.count {
            $0.snapshotBytes += Bytes(UInt64(written))
            $0.otherSyncs += 1
        }
        log.step(.snapshotted(shard: release.shard))
        for segment in shard.released(release.snapshot) {
            try log.files.engine.remove(
                log.files.segment(of: release.shard, from: segment.first))
        }
    }
}
