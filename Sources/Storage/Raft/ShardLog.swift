internal import Synchronization

/// What the shared log keeps of one shard: how far its database holds it, and the segments of what is not
/// in there yet. Used by the shard's writer, the segment writer and the releaser.
final class ShardLog: Sendable {
    /// Entries `first...last` are in one segment file, or will be when its copy is done.
    struct Segment: Sendable, Equatable {
        let first: UInt64
        var last: UInt64
    }

    private struct State: Sendable {
        var snapshot: LogSnapshot
        var isReleasing = false
        var segments: [Segment]
    }

    let shard: Shard
    let directory: String
    /// The last entry that the log held when the store was opened.
    let lastIndex: UInt64
    private let state: Mutex<State>

    init(
        _ shard: Shard, directory: String, lastIndex: UInt64, snapshot: LogSnapshot,
        segments: [Segment]
    ) {
        self.shard = shard
        self.directory = directory
        self.lastIndex = lastIndex
        state = Mutex(State(snapshot: snapshot, segments: segments))
    }

    /// Entries up to this index are neither copied nor applied again.
    var snapshotIndex: UInt64 { state.withLock { $0.snapshot.index } }

    /// The first entry that a log file has to keep: neither released nor in a segment.
    var firstUncopied: UInt64 {
        state.withLock { max($0.snapshot.index, $0.segments.last?.last ?? 0) + 1 }
    }

    var segments: [Segment] { state.withLock { $0.segments } }

    /// Whether Ra acts on a release of entries up to `index`: when no snapshot is being made and more than
    /// `interval` entries came since the last one, or when a segment may become removable, which Ra takes
    /// from `index` being past the first entry of any segment (ra_log.erl, `should_snapshot`).
    ///
    /// If so, the caller has to make the snapshot and to call `released` or `keepSnapshot`.
    func beginRelease(of index: UInt64, interval: Int) -> Bool {
        state.withLock { state in
            let freesSegment = state.segments.first.map { index > $0.first } ?? false
            guard !state.isReleasing,
                index > state.snapshot.index + UInt64(interval) || freesSegment
            else { return false }
            state.isReleasing = true
            return true
        }
    }

    /// The snapshot is on disk.
    /// - Returns: segments that nobody needs any more.
    func released(_ snapshot: LogSnapshot) -> [Segment] {
        state.withLock { state in
            state.snapshot = snapshot
            state.isReleasing = false
            let covered = state.segments.filter { $0.last <= snapshot.index }
            state.segments.removeAll { $0.last <= snapshot.index }
            return covered
        }
    }

    /// No snapshot was made; the next request may try again.
    func keepSnapshot() { state.withLock { $0.isReleasing = false } }

    /// Says that `first...last` goes into the segment that begins with `start`, before it is written: the
    /// releaser leaves that segment alone until all of it is released.
    /// - Returns: whether that segment is still there or is new.
    func reserve(_ first: UInt64, through last: UInt64, in start: UInt64) -> Bool {
        state.withLock { state in
            if start == first {
                state.segments.append(Segment(first: first, last: last))
                return true
            }
            guard let open = state.segments.indices.last, state.segments[open].first == start else {
                return false
            }
            state.segments[open].last = last
            return true
        }
    }

    /// A copy failed: that segment holds entries up to `last` only, or nothing that counts.
    func retract(from start: UInt64, to last: UInt64) {
        state.withLock { state in
            guard let open = state.segments.indices.last, state.segments[open].first == start else {
                return
            }
            if last < start {
                state.segments.removeLast()
            } else {
                state.segments[open].last = last
            }
        }
    }
}
