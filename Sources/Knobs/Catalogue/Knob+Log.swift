/// The write-ahead log of each shard. Engines that keep a log of their own do not use it for messages.
///
/// Defaults: include/rocksdb/options.h of RocksDB 7.7.3.
extension Knob {
    static let log: [Knob] = [
        rocksdb(
            "wal_bytes_per_sync", "Sync of the WAL while written", .bytes, standard: 0,
            range: .choices([0, 256 << 10, 512 << 10, 1 << 20, 4 << 20]), domain: 0...1 << 30,
            Reach.database, words: [0: "off"],
            effect: "The WAL is handed to the disk in steps of this size, without a promise: "
                + "bursts of write-back become smaller."),
        // 0: four times all memtables of the shard (DBImpl::GetMaxTotalWalSize).
        rocksdb(
            "max_total_wal_size", "Size of a shard's WAL", .bytes, standard: 0,
            range: .choices([0, 64 << 20, 256 << 20, 1 << 30]), domain: 0...1 << 40,
            Reach.database, shrinks: true, words: [0: "four times the memtables"],
            effect: "A smaller log is replayed sooner after a crash and forces flushes of column "
                + "families that hold it."),
        // Numbers: WALRecoveryMode in include/rocksdb/options.h.
        rocksdb(
            "wal_recovery_mode", "Recovery of the WAL",
            .choice([
                Name(text: "kTolerateCorruptedTailRecords", value: 0),
                Name(text: "kAbsoluteConsistency", value: 1),
                Name(text: "kPointInTimeRecovery", value: 2),
                Name(text: "kSkipAnyCorruptedRecords", value: 3),
            ]), standard: 2, Reach.database,
            effect: "What a restart does with a damaged log: refuse to open, stop at the damage, "
                + "or skip it and keep what comes after."),
        // The article's wal_recycle; 4 is what its `true` becomes here.
        rocksdb(
            "recycle_log_file_num", "WAL files kept for reuse", .count, standard: 0,
            range: .choices([0, 2, 4]), domain: 0...1_000, Reach.database, named: "wal_recycle",
            words: [0: "none"], switchedOn: 4,
            effect: "Old logs are overwritten instead of new ones being made, which spares the "
                + "file system's metadata; most recovery modes switch it off."),
    ]
}
