import Foundation
import Storage
import TestSupport
import Testing

/// What RocksDB's info logs tell, from logs made up line by line in its forms.
@Suite struct LogSummaryTests {
    private static let family = "emqx_ds_storage_skipstream_lts_data1"

    /// A run of the broker, an old log and the present one; then another run.
    private static let logs: [(name: String, text: String)] = [
        (
            "LOG.old.1700000000000000",
            """
            2025/03/01-08:00:00.000001 7 RocksDB version: 7.7.3
            2025/03/01-08:00:00.000002 7             Options.atomic_flush: 1
            2025/03/01-08:00:00.000003 7 [db/column_family.cc:630] --------------- Options for column family [\(family)]:
            2025/03/01-08:00:00.000004 7        Options.write_buffer_size: 67108864
            2025/03/01-08:10:00.000000 7 [WARN] [db/column_family.cc:944] [\(family)] Stopping writes because we have 2 immutable memtables (waiting for flush), max_write_buffer_number is set to 2
            2025/03/01-08:10:01.000000 7 EVENT_LOG_v1 {"time_micros": 1, "job": 2, "event": "flush_started", "num_memtables": 1, "total_data_size": 1000, "flush_reason": "Write Buffer Full"}
            2025/03/01-08:10:02.000000 7 EVENT_LOG_v1 {"time_micros": 2, "job": 3, "event": "compaction_started", "compaction_reason": "LevelL0FilesNum", "input_data_size": 4000}
            2025/03/01-08:10:03.000000 7 (Original Log Time 2025/03/01-08:10:02.900000) EVENT_LOG_v1 {"time_micros": 3, "job": 3, "event": "compaction_finished", "total_output_size": 3500}
            2025/03/01-08:20:00.000000 9 [db/db_impl/db_impl.cc:1105] ------- DUMPING STATS -------
            Cumulative stall: 00:00:1.500 H:M:S, 0.1 percent
            ** Compaction Stats [\(family)] **
            Stalls(count): 2 level0_slowdown, 1 level0_slowdown_with_compaction, 0 level0_numfiles, 0 level0_numfiles_with_compaction, 0 stop for pending_compaction_bytes, 0 slowdown for pending_compaction_bytes, 3 memtable_compaction, 0 memtable_slowdown, interval 5 total count
            """
        ),
        (
            "LOG.old.1700000001000000",
            """
            2025/03/01-08:30:00.000001 7 RocksDB version: 7.7.3
            2025/03/01-08:30:00.000002 7 [WARN] [db/column_family.cc:1001] [\(family)] Stalling writes because we have 20 level-0 files rate 16777216
            2025/03/01-08:30:00.000003 7 [WARN] [db/column_family.cc:960] [\(family)] Stopping writes because we have 36 level-0 files
            2025/03/01-08:30:00.000004 7 [WARN] [db/column_family.cc:970] [\(family)] Stopping writes because of estimated pending compaction bytes 274877906945
            2025/03/01-08:30:00.000005 7 [WARN] [db/column_family.cc:1010] [\(family)] Stalling writes because of estimated pending compaction bytes 68719476737 rate 8388608
            2025/03/01-08:30:00.000006 7 [WARN] [db/column_family.cc:990] [\(family)] Stalling writes because we have 3 immutable memtables (waiting for flush), max_write_buffer_number is set to 4 rate 16777216
            2025/03/01-08:30:01.000000 9 [db/db_impl/db_impl.cc:1105] ------- DUMPING STATS -------
            Cumulative stall: 00:01:2.000 H:M:S, 0.1 percent
            ** Compaction Stats [\(family)] **
            Stalls(count): 4 level0_slowdown, 1 level0_slowdown_with_compaction, 1 level0_numfiles, 0 level0_numfiles_with_compaction, 0 stop for pending_compaction_bytes, 0 slowdown for pending_compaction_bytes, 3 memtable_compaction, 0 memtable_slowdown, interval 5 total count
            """
        ),
        (
            "LOG",
            """
            2025/03/02-08:00:00.000001 7 RocksDB version: 9.10.0
            2025/03/02-08:00:00.000002 7 [ERROR] [db/db_impl/db_impl_compaction_flush.cc:1] Waiting after background flush error: IO error: No space left on device
            Cumulative stall: 00:00:0.250 H:M:S, 0.0 percent
            ** Compaction Stats [\(family)] **
            Write Stall (count): cf-l0-file-count-limit-delays-with-ongoing-compaction: 1, cf-l0-file-count-limit-stops-with-ongoing-compaction: 0, l0-file-count-limit-delays: 1, l0-file-count-limit-stops: 0, memtable-limit-delays: 0, memtable-limit-stops: 2, pending-compaction-bytes-delays: 0, pending-compaction-bytes-stops: 0, total-delays: 1, total-stops: 2
            2025/03/02-08:00:09.000000 7 garbage \u{FFFD} {"event": "flush_started"
            2025/03/02-08:00:10.000000 7 EVENT_LOG_v1 {"event": "flush_started", "total_data
            """
        ),
    ]

    private func diagnosis() throws -> Diagnosis {
        let scratch = ScratchDirectory()
        let shard = scratch("messages/0")
        try FileManager.default.createDirectory(
            atPath: scratch("messages"), withIntermediateDirectories: true)
        try GenerationWriter.write(to: shard)
        for (name, text) in Self.logs {
            try Data(text.utf8).write(to: URL(fileURLWithPath: shard + "/" + name))
        }
        return try DiagnoseTests.diagnose(scratch.path)
    }

    /// Checklist 20: what an operator can know of stalls stands in LOG, and a memtable stop is told apart.
    ///
    /// Fails if a counter that began again is not added to what it had counted before, if logs are read in
    /// another order than their own, or if warnings of different causes are counted together.
    @Test func stallsAreCountedByCauseOverRuns() throws {
        let logs = try diagnosis().total.logs
        #expect(logs.files == 3)
        #expect(logs.versions == ["7.7.3", "9.10.0"])
        #expect(logs.first == "2025/03/01-08:00:00.000001")
        #expect(logs.last == "2025/03/02-08:00:10.000000")
        for kind in LogSummary.Stall.allCases { #expect(logs.warnings(kind).count == 1, "\(kind)") }
        #expect(logs.warnings(.memtableStops).first == "2025/03/01-08:10:00.000000")
        #expect(logs.warnings(.l0Stops).text == "Stopping writes because we have 36 level-0 files")
        // 62 s in the first run, a quarter in the second.
        #expect(logs.stallSeconds == 62.25)
        #expect(logs.stalls == ["l0_slowdowns": 5, "l0_stops": 1, "memtable_stops": 5])
        #expect(logs.flushes.count == 1 && logs.flushes.bytesIn == 1_000)
        #expect(logs.flushes.reasons == ["Write Buffer Full": 1])
        #expect(logs.compactions.count == 1)
        #expect(logs.compactions.bytesIn == 4_000 && logs.compactions.bytesOut == 3_500)
        #expect(logs.errors == 1)
    }

    @Test func stallsAreFindingsWithoutACapture() throws {
        let diagnosis = try diagnosis()
        let findings = Dictionary(
            uniqueKeysWithValues: diagnosis.findings.map { ($0.rule, $0) })
        for kind in LogSummary.Stall.allCases {
            let finding = try #require(findings[kind.rawValue])
            #expect(finding.severity == (kind.rawValue.hasSuffix("stops") ? .error : .warning))
            #expect(finding.examples[0].hasPrefix("shard 0: 1 times, last 2025/03/01"))
        }
        #expect(findings["memtable_stops"]?.count == 5, "the statistics saw more than the warnings")
        #expect(findings["log_errors"]?.severity == .error)
        #expect(findings["atomic_flush"] != nil)
        let errors = diagnosis.findings.prefix { $0.severity == .error }
        #expect(diagnosis.findings.dropFirst(errors.count).allSatisfy { $0.severity != .error })
        #expect(diagnosis.text().contains("memtable_stops"))
    }
}
