/// A combination of knobs that RocksDB does not run as it was asked for.
package struct Constraint: Identifiable, Sendable {
    package enum Kind: Sendable {
        /// The database does not open.
        case refused
        /// RocksDB runs another value, without a word.
        case changed
        /// RocksDB keeps the value, and it has no effect.
        case defeated
        /// The database opens, and the library that is linked ends the process later.
        case fatal
    }

    package let id: String
    package let kind: Kind
    /// The knob whose value is refused, changed or defeated.
    package let subject: String
    /// The knobs that decide about it.
    package let others: [String]
    /// What happens, for a warning.
    package let sentence: String
    /// The value of `subject` that RocksDB in effect runs; the same as asked if nothing is broken. Where
    /// nothing runs (refused, fatal) it is nil if it is broken.
    package let run: @Sendable (Setting) -> Int64?

    /// The subject and the others.
    package let knobs: [String]

    /// Nothing can be measured with it.
    package var isImpossible: Bool { kind == .refused || kind == .fatal }

    private init(
        id: String, kind: Kind, subject: String, others: [String], sentence: String,
        run: @escaping @Sendable (Setting) -> Int64?
    ) {
        self.id = id
        self.kind = kind
        self.subject = subject
        self.others = others
        self.sentence = sentence
        self.run = run
        knobs = [subject] + others
    }

    /// Standard values break nothing, which a test holds; most settings leave most knobs alone.
    package func isKept(by setting: Setting) -> Bool {
        setting.isStandard(knobs) || run(setting) == setting[subject]
    }

    fileprivate func mend(_ setting: inout Setting) {
        guard !setting.isStandard(knobs), let value = run(setting) else { return }
        setting[subject] = value
    }

    package static func find(_ id: String) -> Constraint? { catalogue.first { $0.id == id } }

    /// The changes stand in the order in which RocksDB makes them: SanitizeOptions in
    /// db/db_impl/db_impl_open.cc, then that of db/column_family.cc; the refusals are
    /// DBImpl::ValidateOptions. Read in 7.7, and each is compared with the linked library by a test.
    package static let catalogue: [Constraint] =
        refusals + [recycling] + databaseChanges + familyChanges + idle

    private static let refusals = ["atomic_flush", "unordered_write"].map { other in
        Constraint(
            id: "enable_pipelined_write/\(other)", kind: .refused,
            subject: "enable_pipelined_write", others: [other],
            sentence: "RocksDB does not open a database with both enable_pipelined_write and "
                + "\(other)"
        ) {
            $0["enable_pipelined_write"] == 1 && $0[other] == 1 ? nil : $0["enable_pipelined_write"]
        }
    }

    /// Seen with 7.8.3 as Debian builds it: with more than one column family the first flush after a new
    /// log reads freed memory and the process dies. No setting therefore recycles logs here: under any
    /// other mode RocksDB switches it off.
    private static let recycling = Constraint(
        id: "recycle_log_file_num/crash", kind: .fatal, subject: "recycle_log_file_num",
        others: ["wal_recovery_mode"],
        sentence: "RocksDB 7.8 crashes at a flush when it recycles WAL files of several column "
            + "families, which only kSkipAnyCorruptedRecords lets it do"
    ) {
        $0["wal_recovery_mode"] == skipsDamage && $0["recycle_log_file_num"] > 0
            ? nil : $0["recycle_log_file_num"]
    }

    private static let databaseChanges: [Constraint] = [
        Constraint(
            id: "max_open_files", kind: .changed, subject: "max_open_files", others: [],
            sentence: "RocksDB raises max_open_files to \(fewestFiles), which it needs for itself"
        ) { $0["max_open_files"] == -1 ? -1 : max(fewestFiles, $0["max_open_files"]) },
        Constraint(
            id: "bytes_per_sync/rate_limiter_bytes_per_sec", kind: .changed,
            subject: "bytes_per_sync", others: ["rate_limiter_bytes_per_sec"],
            sentence: "RocksDB sets bytes_per_sync to 1 MiB where a rate limiter is used"
        ) {
            $0["rate_limiter_bytes_per_sec"] > 0 && $0["bytes_per_sync"] == 0
                ? 1 << 20 : $0["bytes_per_sync"]
        },
        // Only a mode that skips damage can tell a recycled file's old end from its new one.
        Constraint(
            id: "recycle_log_file_num/wal_recovery_mode", kind: .changed,
            subject: "recycle_log_file_num", others: ["wal_recovery_mode"],
            sentence: "RocksDB 7 recycles no WAL files under this wal_recovery_mode: it sets "
                + "recycle_log_file_num to 0 unless the mode is kSkipAnyCorruptedRecords"
        ) { $0["wal_recovery_mode"] == skipsDamage ? $0["recycle_log_file_num"] : 0 },
        Constraint(
            id: "compaction_readahead_size/use_direct_reads", kind: .changed,
            subject: "compaction_readahead_size", others: ["use_direct_reads"],
            sentence: "RocksDB sets compaction_readahead_size to 2 MiB where reads are direct"
        ) {
            $0["use_direct_reads"] == 1 && $0["compaction_readahead_size"] == 0
                ? 2 << 20 : $0["compaction_readahead_size"]
        },
    ]

    private static let familyChanges: [Constraint] = [
        Constraint(
            id: "min_write_buffer_number_to_merge/max_write_buffer_number", kind: .changed,
            subject: "min_write_buffer_number_to_merge", others: ["max_write_buffer_number"],
            sentence: "RocksDB lowers min_write_buffer_number_to_merge below "
                + "max_write_buffer_number, because one memtable has to take writes"
        ) { min($0["min_write_buffer_number_to_merge"], $0["max_write_buffer_number"] - 1) },
        Constraint(
            id: "min_write_buffer_number_to_merge/atomic_flush", kind: .changed,
            subject: "min_write_buffer_number_to_merge", others: ["atomic_flush"],
            sentence: "RocksDB lowers min_write_buffer_number_to_merge to 1 under atomic_flush"
        ) { $0["atomic_flush"] == 1 ? 1 : $0["min_write_buffer_number_to_merge"] },
        raised(
            "level0_slowdown_writes_trigger", to: "level0_file_num_compaction_trigger",
            "RocksDB raises level0_slowdown_writes_trigger to the compaction trigger, "
                + "because writes would be slowed down before compaction starts"),
        raised(
            "level0_stop_writes_trigger", to: "level0_slowdown_writes_trigger",
            "RocksDB raises level0_stop_writes_trigger to the slowdown trigger, "
                + "because writes would be stopped before they are slowed down"),
        Constraint(
            id: "soft_pending_compaction_bytes_limit/hard_pending_compaction_bytes_limit",
            kind: .changed, subject: "soft_pending_compaction_bytes_limit",
            others: ["hard_pending_compaction_bytes_limit"],
            sentence: "RocksDB lowers soft_pending_compaction_bytes_limit to the hard limit"
        ) {
            min(
                $0["soft_pending_compaction_bytes_limit"], $0["hard_pending_compaction_bytes_limit"]
            )
        },
    ]

    private static let idle: [Constraint] = [
        Constraint(
            id: "db_write_buffer_size/write_buffer_manager", kind: .defeated,
            subject: "db_write_buffer_size", others: ["write_buffer_manager"],
            sentence: "with a write buffer manager RocksDB does not look at db_write_buffer_size"
        ) { $0["write_buffer_manager"] > 0 ? 0 : $0["db_write_buffer_size"] },
        Constraint(
            id: "strict_bytes_per_sync/bytes_per_sync", kind: .defeated,
            subject: "strict_bytes_per_sync", others: ["bytes_per_sync", "wal_bytes_per_sync"],
            sentence: "strict_bytes_per_sync does nothing while bytes_per_sync and "
                + "wal_bytes_per_sync are off"
        ) {
            $0["bytes_per_sync"] == 0 && $0["wal_bytes_per_sync"] == 0
                ? 0 : $0["strict_bytes_per_sync"]
        },
    ]

    private static func raised(
        _ upper: String, to lower: String, _ sentence: String
    ) -> Constraint {
        Constraint(
            id: "\(upper)/\(lower)", kind: .changed, subject: upper, others: [lower],
            sentence: sentence
        ) { max($0[upper], $0[lower]) }
    }

    private static let fewestFiles: Int64 = 20
    /// `WALRecoveryMode::kSkipAnyCorruptedRecords`.
    private static let skipsDamage: Int64 = 3

    /// All knobs that constraints tie to one of `knobs`, over however many steps.
    static func tied(to knobs: Set<String>) -> Set<String> {
        var tied = knobs
        while true {
            let more = catalogue.filter { !tied.isDisjoint(with: $0.knobs) }.flatMap(\.knobs)
            guard !tied.isSuperset(of: more) else { return tied }
            tied.formUnion(more)
        }
    }
}

extension Setting {
    /// The constraints that this setting breaks.
    package var violations: [Constraint] { Constraint.catalogue.filter { !$0.isKept(by: self) } }

    /// What RocksDB makes of it. Settings with the same effective values are one configuration.
    /// Impossible combinations stay as
    /// they are.
    package var effective: Setting {
        var setting = self
        for constraint in Constraint.catalogue { constraint.mend(&setting) }
        return setting
    }
}
