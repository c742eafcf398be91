internal import Measure
internal import Storage
internal import Synchronization

/// What RocksDB's listeners noted since the start, added up: the stalls that no metric of EMQX shows
/// (reference 5.3), flushes and compactions. Taken over often, because the listeners keep what nobody takes.
final class EngineLedger: Sendable {
    /// Of one shard.
    struct Entry: Sendable, Equatable {
        /// Changes of a column family to slower writes, or to none, by cause.
        var stalls: [StallKey: Int] = [:]
        /// Time that its column families spent in such a condition, the current one included.
        var stalled: [StallKey: Nanoseconds] = [:]
        var flushes = 0
        var flushed = Bytes.zero
        var compactions = 0
        var compactionRead = Bytes.zero
        var compactionWritten = Bytes.zero
        var errors = 0
    }

    struct StallKey: Hashable, Sendable {
        let condition: StorageEvent.Condition
        /// Nil where RocksDB's counters do not tell.
        let cause: StallCause?
    }

    private struct Family: Hashable {
        let shard: Int
        let family: Int?
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        /// Column families that are held back now, and since when.
        var open: [Family: (key: StallKey, since: MonotonicTime)] = [:]
    }

    private let engine: RocksEngine
    private let state = Mutex(State())

    init(_ engine: RocksEngine) { self.engine = engine }

    /// Takes over what was noted since the last call.
    func take() {
        // Under the lock, so that events of two callers keep their order.
        state.withLock { state in
            for event in engine.takeEvents() where event.isOfMessages {
                Self.add(event, to: &state)
            }
        }
    }

    /// Each shard's entry, with stalls that last counted until `now`.
    func entries(at now: MonotonicTime) -> [Int: Entry] {
        take()
        return state.withLock { state in
            var entries = state.entries
            for (family, stall) in state.open where stall.since < now {
                let sum = entries[family.shard]?.stalled[stall.key] ?? .zero
                entries[family.shard, default: Entry()].stalled[stall.key] =
                    sum + (now - stall.since)
            }
            return entries
        }
    }

    private static func add(_ event: StorageEvent, to state: inout State) {
        var entry = state.entries[event.shard] ?? Entry()
        switch event.kind {
        case .flushBegan, .compactionBegan: return
        case .flush(_, let bytes):
            entry.flushes += 1
            entry.flushed += bytes
        case .compaction(let compaction):
            entry.compactions += 1
            entry.compactionRead += compaction.read
            entry.compactionWritten += compaction.written
        case .error: entry.errors += 1
        case .stall(_, let to, let cause):
            let family = Family(shard: event.shard, family: event.columnFamily)
            if let old = state.open.removeValue(forKey: family), old.since < event.ended {
                let sum = entry.stalled[old.key] ?? .zero
                entry.stalled[old.key] = sum + (event.ended - old.since)
            }
            if to != .normal {
                let key = StallKey(condition: to, cause: cause)
                entry.stalls[key, default: 0] += 1
                state.open[family] = (key, event.ended)
            }
        }
        state.entries[event.shard] = entry
    }
}

extension EngineLedger.StallKey {
    /// Every label that a stall can have, so that series exist before the first one.
    static let all: [EngineLedger.StallKey] = [StorageEvent.Condition.delayed, .stopped].flatMap {
        condition in
        (StallCause.allCases.map { $0 } + [nil]).map {
            EngineLedger.StallKey(condition: condition, cause: $0)
        }
    }

    /// As the labels of `dstune_stalls_total` say it.
    var labels: [(String, String)] {
        [("condition", condition.word), ("reason", cause.word)]
    }
}

extension StorageEvent.Condition {
    var word: String {
        switch self {
        case .normal: "normal"
        case .delayed: "delayed"
        case .stopped: "stopped"
        }
    }
}

extension StallCause? {
    var word: String {
        switch self {
        case .memtables?: "memtables"
        case .level0Files?: "level0_files"
        case .pendingCompactionBytes?: "pending_compaction_bytes"
        case nil: "unknown"
        }
    }
}
