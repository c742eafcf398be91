/// An option of a shard that is not what EMQX runs with.
package struct OptionDifference: Encodable, Equatable, Sendable {
    package let option: String
    /// Nil for an option of the database.
    package let columnFamily: String?
    package let found: String
    package let emqx: String

    enum CodingKeys: String, CodingKey {
        case option, columnFamily = "column_family", found, emqx
    }

    /// An option that matters to writing, and EMQX's value: what it passes, or the default of the RocksDB that it
    /// brings along: 7.7.3 up to 6.1.0, 9.10.0 after (reference 2.1, 2.2 and its golden OPTIONS file).
    private struct Expected {
        let option: String
        let value: String
        /// With RocksDB 9.10: EMQX 6.1.1 and later.
        let since9: String?
        /// Of EMQX 6.0.0 and 6.0.1.
        let in60: String?

        init(_ option: String, _ value: String, since9: String? = nil, in60: String? = nil) {
            self.option = option
            self.value = value
            self.since9 = since9
            self.in60 = in60
        }

        /// The values that one EMQX or another of this age runs with.
        func values(_ age: Age) -> [String] {
            switch age {
            case .emqx5: [value]
            // Also when an older RocksDB was asked to do what 9.10 does.
            case .emqx6: [value] + [in60, since9].compactMap(\.self)
            case .rocksdb9: [since9 ?? value]
            }
        }
    }

    /// Which EMQX wrote a directory, as far as the RocksDB it brings along and its layout tell.
    private enum Age {
        case emqx5, emqx6, rocksdb9

        init(rocksdb version: String?, family: String) {
            if (version?.split(separator: ".").first).flatMap({ Int($0) }) ?? 0 >= 9 {
                self = .rocksdb9
            } else {
                self = family.contains("_lts_v2_") ? .emqx6 : .emqx5
            }
        }
    }

    private static let database = [
        Expected("atomic_flush", "true"), Expected("max_open_files", "-1"),
        Expected("keep_log_file_num", "10"), Expected("max_log_file_size", "1048576"),
        Expected("enable_write_thread_adaptive_yield", "false"),
        Expected("db_write_buffer_size", "0", in60: "10485760"),
        Expected("max_background_jobs", "2"),
        Expected("max_subcompactions", "1"), Expected("max_total_wal_size", "0"),
        Expected("bytes_per_sync", "0"), Expected("wal_bytes_per_sync", "0"),
        Expected("recycle_log_file_num", "0"), Expected("delayed_write_rate", "16777216"),
        Expected("wal_recovery_mode", "kPointInTimeRecovery"),
        Expected("allow_fallocate", "true", since9: "false"),
        Expected("use_direct_reads", "false"),
        Expected("use_direct_io_for_flush_and_compaction", "false"),
        Expected("enable_pipelined_write", "false"), Expected("unordered_write", "false"),
        Expected("manual_wal_flush", "false"),
        Expected("compaction_readahead_size", "0", since9: "2097152"),
        Expected("stats_dump_period_sec", "600"),
    ]

    private static let family = [
        Expected("write_buffer_size", "67108864"), Expected("max_write_buffer_number", "2"),
        Expected("min_write_buffer_number_to_merge", "1"),
        Expected("level0_file_num_compaction_trigger", "4"),
        Expected("level0_slowdown_writes_trigger", "20"),
        Expected("level0_stop_writes_trigger", "36"),
        Expected("soft_pending_compaction_bytes_limit", "68719476736"),
        Expected("hard_pending_compaction_bytes_limit", "274877906944"),
        Expected("target_file_size_base", "67108864"),
        Expected("max_bytes_for_level_base", "268435456"),
        Expected("max_bytes_for_level_multiplier", "10"), Expected("num_levels", "7"),
        Expected("level_compaction_dynamic_level_bytes", "false", since9: "true"),
        Expected("compression", "kSnappyCompression"),
        Expected("compaction_style", "kCompactionStyleLevel"),
        Expected("compaction_pri", "kMinOverlappingRatio"),
        Expected("disable_auto_compactions", "false"),
    ]

    /// - Parameter family: the column family whose options are compared.
    static func differences(
        _ file: OptionsFile, of family: String
    ) -> [OptionDifference] {
        let age = Age(rocksdb: file.version, family: family)
        return compare(file.database, with: database, age, family: nil)
            + compare(file.families[family] ?? [:], with: self.family, age, family: family)
    }

    /// From what the log dumped when the database was opened: numbers and truth values only, since names are
    /// spelled in another way there.
    static func differences(_ log: LogSummary, of family: String) -> [OptionDifference] {
        let age = Age(rocksdb: log.versions.last, family: family)
        func comparable(_ list: [Expected]) -> [Expected] {
            list.filter { $0.value == "true" || $0.value == "false" || Double($0.value) != nil }
        }
        return compare(log.options[""] ?? [:], with: comparable(database), age, family: nil)
            + compare(
                log.options[family] ?? [:], with: comparable(self.family), age, family: family)
    }

    private static func compare(
        _ found: [String: String], with expected: [Expected], _ age: Age, family: String?
    ) -> [OptionDifference] {
        expected.compactMap { entry in
            let emqx = entry.values(age)
            guard let value = found[entry.option], !emqx.contains(where: { same(value, $0) })
            else { return nil }
            return OptionDifference(
                option: entry.option, columnFamily: family, found: value,
                emqx: emqx.joined(separator: " or "))
        }
    }

    /// The log writes 1 for true, and 10.000000 for 10.
    private static func same(_ a: String, _ b: String) -> Bool {
        let truth = ["true": "1", "false": "0"]
        let (a, b) = (truth[a] ?? a, truth[b] ?? b)
        if let left = Double(a), let right = Double(b) { return left == right }
        return a == b
    }
}
