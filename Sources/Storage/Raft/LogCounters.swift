package import Measure
internal import Synchronization

/// What a shared log did since it was opened.
package struct LogCounts: Sendable, Equatable {
    /// Writes to the log, each followed by one fdatasync that succeeded.
    package var groups = 0
    package var entries = 0
    /// Groups that the disk refused: their messages are lost.
    package var failedGroups = 0
    /// Copies to segments and releases that the disk refused: nothing is lost, they are tried again.
    package var failedCopies = 0, failedReleases = 0
    /// Bytes of entries with their framing, and of the files' headers.
    package var logBytes = Bytes.zero
    /// Bytes that were copied to segments.
    package var segmentBytes = Bytes.zero
    /// Bytes of snapshot files.
    package var snapshotBytes = Bytes.zero
    /// fdatasync calls on log files that waited for entries: one a group.
    package var syncs = 0
    /// fdatasync calls on segments, snapshots and fresh log files.
    package var otherSyncs = 0
    /// Log files that were full and went to the segment writer.
    package var rollovers = 0
    /// Releases that shards asked for; most are not acted on.
    package var releaseRequests = 0
    /// Flushes of data and trie that a release forced.
    package var forcedFlushes = 0
    /// Entries that were applied again when the store was opened.
    package var replayedEntries = 0
    /// Entries that wait for the log now.
    package var depth = 0

    /// Everything the shared log wrote to disk.
    package var bytesWritten: Bytes { logBytes + segmentBytes + snapshotBytes }
}

/// `LogCounts` that several threads count in.
final class LogCounters: Sendable {
    private let counts = Mutex(LogCounts())

    func count(_ body: (inout LogCounts) -> Void) {
        counts.withLock { body(&$0) }
    }

    var now: LogCounts { counts.withLock { $0 } }
}

/// A moment in the life of the shared log at which a test may hold it, look at it or end the process.
package enum LogStep: Sendable, Hashable {
    /// A group is in the file and not yet synced.
    case appended
    /// A group is synced and no shard knows yet.
    case synced
    /// A shard's surviving entries are in its segment; the log file is still there.
    case copied(shard: Int)
    /// Data and trie of a shard are flushed; its snapshot is the one before.
    case flushed(shard: Int)
    /// A shard's snapshot is written; the segments that it covers are still there.
    case snapshotted(shard: Int)
}
