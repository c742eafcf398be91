import Measure
import Storage
import Testing
import Trial

/// What a trial makes of RocksDB's events.
@Suite struct EventLogTests {
    private func event(_ kind: StorageEvent.Kind) -> StorageEvent {
        StorageEvent(
            kind: kind, shard: 2, columnFamily: 1, job: 7,
            began: MonotonicTime(nanoseconds: 1_500_000_000),
            ended: MonotonicTime(nanoseconds: 2_000_000_000))
    }

    /// Checklist 20: a stop by memtables is counted apart, and the end of a stall is none.
    ///
    /// Fails if `StallCounts` counts ends, or puts a cause under another's name.
    @Test func stallsAreCountedByCause() {
        let counts = StallCounts(
            [
                .stall(from: .normal, to: .stopped, cause: .memtables),
                .stall(from: .stopped, to: .normal, cause: nil),
                .stall(from: .normal, to: .delayed, cause: .level0Files),
                .stall(from: .delayed, to: .stopped, cause: .level0Files),
                .stall(from: .stopped, to: .delayed, cause: .level0Files),
                .stall(from: .delayed, to: .stopped, cause: nil),
                .stall(from: .stopped, to: .delayed, cause: .pendingCompactionBytes),
                .flushBegan(.kWalFull),
            ].map(event))
        #expect(
            counts.counters == [
                "stall_events": 6, "stall_unknown": 1, "stall_memtable_stops": 1,
                "stall_memtable_slowdowns": 0, "stall_l0_stops": 1, "stall_l0_slowdowns": 2,
                "stall_pending_stops": 0, "stall_pending_slowdowns": 1,
            ])
        for name in counts.counters.keys {
            #expect(Metric.catalogue.contains { $0.source == .counter(name) }, "\(name)")
        }
    }

    @Test func everyEventIsALineWithTheColumnsOfTheHead() {
        let kinds: [StorageEvent.Kind] = [
            .flushBegan(.kWriteBufferFull), .flush(.kWalFull, bytes: Bytes(4_096)),
            .stall(from: .normal, to: .stopped, cause: .memtables),
            .stall(from: .stopped, to: .normal, cause: nil),
            .stall(from: .normal, to: .delayed, cause: nil),
            .error(.kFlush, code: 5, text: "IO error:\n\tNo space left on device"),
        ]
        let table = EventLog.table(kinds.map(event), from: MonotonicTime(nanoseconds: 500_000_000))
        let lines = table.split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
        #expect(lines.count == kinds.count + 1)
        for line in lines { #expect(line.count == lines[0].count) }
        #expect(lines.dropFirst().allSatisfy { $0[0...4] == ["1.0", "1.5", "2", "1", "7"] })
        #expect(lines[1][5...6] == ["flush_begin", "kWriteBufferFull"])
        #expect(lines[2].last == "4096")
        #expect(lines[3][5...6] == ["write_stopped", "inferred: memtables"])
        #expect(lines[4][5...6] == ["write_normal", ""])
        #expect(lines[5][5...6] == ["write_delayed", "unknown"])
        #expect(lines[6][5...6] == ["error_5", "kFlush: IO error:  No space left on device"])
    }
}
