import Foundation
import Measure
import Storage
import TestSupport
import Testing

/// Checklist 20: stalls are seen by listener and statistics, each with its cause, and a stop by memtables is
/// not taken for one by level 0.
///
/// Fails if `stalls.cpp` looks at the counters of the wrong condition (swap 1 and 2 in `counters`), forgets
/// what it has seen (`before = now`), or emits changes as they are heard (`changed` without `waiting`); or if
/// `listener.cpp` leaves out a kind of event.
@Suite struct EventTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let database: String
        let family: String
        let condition: StorageEvent.Condition
        let cause: StallCause

        /// Memtables of RocksDB's least size; whatever else might hold writes back is out of reach.
        static func family(_ options: String) -> String {
            "write_buffer_size=65536;max_write_buffer_number=20;compression=kNoCompression;"
                + "level0_file_num_compaction_trigger=2;level0_slowdown_writes_trigger=200;"
                + "level0_stop_writes_trigger=200;" + options
        }

        static let all = [
            Case(
                testDescription: "L0 slowdown", database: "",
                family: family("level0_slowdown_writes_trigger=2"), condition: .delayed,
                cause: .level0Files),
            Case(
                testDescription: "L0 stop", database: "",
                family: family(
                    "level0_slowdown_writes_trigger=2;level0_stop_writes_trigger=2"),
                condition: .stopped, cause: .level0Files),
            // A fifth of a second a memtable: the third write comes long before.
            Case(
                testDescription: "memtable stop", database: "rate_limiter_bytes_per_sec=524288;",
                family: family("max_write_buffer_number=2"), condition: .stopped,
                cause: .memtables),
            Case(
                testDescription: "pending bytes slowdown", database: "",
                family: family("soft_pending_compaction_bytes_limit=1"), condition: .delayed,
                cause: .pendingCompactionBytes),
            Case(
                testDescription: "pending bytes stop", database: "",
                family: family(
                    "soft_pending_compaction_bytes_limit=1;hard_pending_compaction_bytes_limit=1"),
                condition: .stopped, cause: .pendingCompactionBytes),
        ]
    }

    @Test(arguments: Case.all) func everyStallIsSeenWithItsCauseAndItsEnd(_ example: Case) throws {
        let scratch = ScratchDirectory()
        let engine = RocksEngine()
        let database = try Database(
            path: scratch("db"), shard: 3,
            options: "create_if_missing=true;create_missing_column_families=true;"
                + example.database,
            families: [
                ColumnFamily(name: "default", options: ""),
                ColumnFamily(name: "data", options: example.family),
            ], on: engine)
        let began = MonotonicTime.now()
        var events: [StorageEvent] = []
        var batch = WriteBatch(for: database)
        var seed: UInt64 = 1
        for _ in 0..<6 {
            // One write fills a memtable; the next one finds it full, and a flush takes all that wait.
            if example.cause != .memtables {
                try wait("a flush") { database.property("rocksdb.num-immutable-mem-table") == 0 }
            }
            for _ in 0..<100 { batch.put(random(16, &seed), random(1_000, &seed), family: 1) }
            try batch.commit()
            batch.clear()
        }
        try wait("the end of the stall") {
            events += engine.takeEvents()
            return stalls(events).last?.to == .normal && idle(database)
        }
        events += engine.takeEvents()

        let seen = stalls(events)
        let first = try #require(seen.first { $0.to == example.condition && $0.cause != nil })
        #expect(first.cause == example.cause, "\(seen)")
        // Where the machine lets two changes pass between two looks, the cause is not known; it is never another one.
        #expect(
            seen.allSatisfy { $0.to == .normal || $0.cause == nil || $0.cause == example.cause },
            "\(seen)")
        #expect(seen.allSatisfy { $0.to != .normal || $0.cause == nil })
        #expect(seen[0].from == .normal)
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.to == $1.from }, "\(seen)")
        let times = events.filter { if case .stall = $0.kind { true } else { false } }.map(\.ended)
        #expect(
            times == times.sorted(), "a stop begins when the memtable is switched, not when it ends"
        )
        for event in events {
            #expect(event.shard == 3 && event.columnFamily == 1)
            #expect(began <= event.began && event.began <= event.ended)
        }
        try flushesAndCompactions(events)
    }

    /// Each job begins before it ends, with the same number and reason.
    private func flushesAndCompactions(_ events: [StorageEvent]) throws {
        var begun: [Int: StorageEvent] = [:]
        var flushes = 0, compactions = 0
        for event in events {
            switch event.kind {
            case .flushBegan, .compactionBegan: begun[event.job] = event
            case .flush(let reason, let bytes):
                flushes += 1
                #expect(reason == .kWriteBufferFull)
                #expect(bytes > .zero)
                let beginning = try #require(begun[event.job])
                #expect(beginning.kind == .flushBegan(reason))
                #expect(beginning.began == event.began)
            case .compaction(let job):
                compactions += 1
                #expect(job.filesIn > 0 && job.read > .zero && job.to > 0)
                let beginning = try #require(begun[event.job])
                guard case .compactionBegan(let planned) = beginning.kind else {
                    Issue.record("\(beginning) is no beginning of \(event)")
                    continue
                }
                #expect(planned.reason == job.reason && planned.filesIn == job.filesIn)
                #expect(planned.reason == .kLevelL0FilesNum)
            case .stall, .error: break
            }
        }
        // Five memtables were full; a flush may take two that wait.
        #expect(flushes >= 3)
        #expect(compactions > 0)
    }

    /// A background error says what failed, and RocksDB's own words.
    @Test func aDiskThatRefusesAFlushIsAnErrorEvent() async {
        await #expect(processExitsWith: .success) {
            signal(SIGXFSZ, SIG_IGN)
            let scratch = ScratchDirectory()
            let engine = RocksEngine()
            let database = try Database(
                path: scratch("db"), shard: 0, options: "create_if_missing=true",
                families: [
                    ColumnFamily(
                        name: "default",
                        options: "write_buffer_size=65536;compression=kNoCompression")
                ], on: engine)
            var limit = rlimit(rlim_cur: 60 << 10, rlim_max: 60 << 10)
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            var batch = WriteBatch(for: database)
            var seed: UInt64 = 1
            for _ in 0..<100 { batch.put(random(16, &seed), random(1_000, &seed), family: 0) }
            try batch.commit(wal: false)
            batch.clear()
            batch.put(random(16, &seed), random(16, &seed), family: 0)
            try batch.commit(wal: false)
            var errors: [StorageEvent.Kind] = []
            try wait("an error") {
                errors += engine.takeEvents().map(\.kind).filter {
                    if case .error = $0 { true } else { false }
                }
                return !errors.isEmpty
            }
            guard case .error(let reason, let code, let text) = errors[0] else { return }
            #expect(reason == .kFlush || reason == .kFlushNoWAL)
            #expect(code == 5, "an I/O error")
            #expect(text.contains("File too large"), "\(text)")
        }
    }

    @Test func statisticsGiveHistogramsByName() throws {
        let scratch = ScratchDirectory()
        let engine = RocksEngine()
        #expect(engine.histogram("rocksdb.no.such.thing") == nil)
        let database = try Database(
            path: scratch("db"), shard: 0, options: "create_if_missing=true",
            families: [ColumnFamily(name: "default", options: "")], on: engine)
        var batch = WriteBatch(for: database)
        var seed: UInt64 = 1
        for _ in 0..<7 {
            batch.put(random(16, &seed), random(100, &seed), family: 0)
            try batch.commit()
            batch.clear()
        }
        let writes = try #require(engine.histogram("rocksdb.db.write.micros"))
        #expect(writes.count == 7)
        #expect(writes.median <= writes.p99 && writes.p99 <= writes.maximum)
        #expect(Double(writes.sum) >= writes.maximum)
    }

    private func stalls(
        _ events: [StorageEvent]
    ) -> [(from: StorageEvent.Condition, to: StorageEvent.Condition, cause: StallCause?)] {
        events.compactMap {
            if case .stall(let from, let to, let cause) = $0.kind { (from, to, cause) } else { nil }
        }
    }

    private func idle(_ database: borrowing Database) -> Bool {
        [
            "mem-table-flush-pending", "compaction-pending", "num-running-flushes",
            "num-running-compactions",
        ].allSatisfy { database.property("rocksdb." + $0) == 0 }
    }
}

extension WriteBatch {
    mutating func put(_ key: [UInt8], _ value: [UInt8], family: Int) {
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { value in put(key, value, family: family) }
        }
    }
}

/// Bytes that do not compress: splitmix64 (Steele, Lea, Flood 2014).
private func random(_ count: Int, _ seed: inout UInt64) -> [UInt8] {
    (0..<count).map { _ in
        seed &+= 0x9E37_79B9_7F4A_7C15
        var mixed = seed
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return UInt8(truncatingIfNeeded: mixed >> 24)
    }
}
