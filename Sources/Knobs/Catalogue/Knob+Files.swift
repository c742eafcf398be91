/// How files are written, synced and held open.
///
/// None of these sizes shrinks in a miniature: each is the size of one disk operation, and the disk is
/// not scaled. In a miniature whose files are smaller than `bytes_per_sync`, it therefore has no
/// effect, which only a trial at full scale shows.
///
/// Defaults: include/rocksdb/options.h of RocksDB 7.7.3.
extension Knob {
    static let files: [Knob] = [
        rocksdb(
            "bytes_per_sync", "Sync of files while written", .bytes, standard: 0,
            range: .choices([0, 256 << 10, 512 << 10, 1 << 20, 4 << 20]), domain: 0...1 << 30,
            Reach.database, words: [0: "off"],
            effect: "Files are handed to the disk in steps of this size instead of all at the "
                + "end, which keeps a sync of the WAL from waiting behind them."),
        rocksdb(
            "strict_bytes_per_sync", "Strict syncs", .flag, standard: 0, Reach.database,
            effect: "The writer waits for the last step before the next one, so that no more "
                + "than one is on its way."),
        rocksdb(
            "use_direct_reads", "Direct reads", .flag, standard: 0, Reach.database,
            effect: "Reads go past the page cache: they leave it to others and miss it."),
        rocksdb(
            "use_direct_io_for_flush_and_compaction", "Direct I/O in flushes and compactions",
            .flag, standard: 0, Reach.database,
            effect: "Files are written past the page cache: no write-back bursts, and nothing "
                + "of a new file is cached."),
        // 2 MiB from RocksDB 8.4 on, so in EMQX 6.1.1 and later.
        rocksdb(
            "compaction_readahead_size", "Readahead of compactions", .bytes, standard: 0,
            range: .choices([0, 256 << 10, 2 << 20, 8 << 20]), domain: 0...1 << 30,
            Reach.database, words: [0: "the system's"],
            effect: "Larger reads make compactions of cold files faster on disks with long "
                + "latencies."),
        // RocksDB also lowers it to what the process may open.
        rocksdb(
            "max_open_files", "Open files of a shard", .count, standard: -1,
            range: .choices([-1, 128, 512, 1_024]), domain: -1...1_000_000, Reach.database,
            words: [-1: "all"], infinity: -1,
            effect: "With a limit, files are opened again when they are read: less memory for "
                + "their indexes, slower reads."),
        // Off in EMQX 6.1.1 and later.
        rocksdb(
            "allow_fallocate", "Space reserved ahead", .flag, standard: 1, Reach.database,
            effect: "Files reserve space ahead of writing: sixteen WALs then occupy more than "
                + "a gigabyte, whatever they hold."),
    ]
}
