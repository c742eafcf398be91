/// The shape of the tree and when writes must wait for it.
///
/// Defaults: include/rocksdb/advanced_options.h and options.h of RocksDB 7.7.3.
extension Knob {
    static let levels: [Knob] = [
        rocksdb(
            "level0_file_num_compaction_trigger", "L0 compaction trigger", .count, standard: 4,
            range: .choices([2, 4, 8]), domain: 1...10_000, Reach.columnFamily, isSearched: true,
            effect: "A higher trigger compacts L0 in larger and rarer steps: less is rewritten, "
                + "more files wait."),
        rocksdb(
            "level0_slowdown_writes_trigger", "L0 slowdown trigger", .count, standard: 20,
            range: .linear(8...48, step: 4), domain: 1...10_000, Reach.columnFamily,
            isSearched: true,
            effect: "With this many L0 files RocksDB slows writes down; "
                + "a higher trigger lets a longer burst pass."),
        rocksdb(
            "level0_stop_writes_trigger", "L0 stop trigger", .count, standard: 36,
            range: .linear(12...64, step: 4), domain: 1...10_000, Reach.columnFamily,
            isSearched: true,
            effect: "With this many L0 files RocksDB stops writes until compaction has caught up."),
        rocksdb(
            "soft_pending_compaction_bytes_limit", "Pending compaction that slows", .bytes,
            standard: 64 << 30, range: .powersOfTwo(16 << 30...256 << 30),
            domain: 1 << 20...1 << 50, Reach.columnFamily, shrinks: true,
            effect: "With this much left to compact RocksDB slows writes down; a higher limit "
                + "lets debt grow instead."),
        rocksdb(
            "hard_pending_compaction_bytes_limit", "Pending compaction that stops", .bytes,
            standard: 256 << 30, range: .powersOfTwo(64 << 30...1 << 40),
            domain: 1 << 20...1 << 50, Reach.columnFamily, shrinks: true,
            effect: "With this much left to compact RocksDB stops writes."),
        rocksdb(
            "max_bytes_for_level_base", "Size of level 1", .bytes, standard: 256 << 20,
            range: .powersOfTwo(64 << 20...1 << 30), domain: 64 << 10...1 << 50,
            Reach.columnFamily, shrinks: true,
            effect: "A larger level 1 takes more of L0 before anything moves down; a compaction "
                + "from L0 rewrites all of it."),
        rocksdb(
            "max_bytes_for_level_multiplier", "Growth from level to level", .count, standard: 10,
            range: .choices([4, 6, 8, 10, 16]), domain: 2...1_000, Reach.columnFamily,
            effect: "A larger factor makes fewer levels and rewrites more on the way to each."),
        // On by default from RocksDB 8.4, so in EMQX 6.1.1 and later.
        rocksdb(
            "level_compaction_dynamic_level_bytes", "Levels sized from the bottom", .flag,
            standard: 0, Reach.columnFamily,
            effect: "Level sizes follow the last level: less space is wasted, and a young "
                + "database compacts L0 straight to the bottom."),
        rocksdb(
            "target_file_size_base", "File size at level 1", .bytes, standard: 64 << 20,
            range: .powersOfTwo(16 << 20...256 << 20), domain: 16 << 10...64 << 30,
            Reach.columnFamily, shrinks: true,
            effect: "Larger files are fewer, and a compaction takes more at a time."),
        rocksdb(
            "target_file_size_multiplier", "File growth from level to level", .count, standard: 1,
            range: .choices([1, 2, 4]), domain: 1...100, Reach.columnFamily,
            effect: "Above 1, deeper levels have larger and fewer files."),
    ]
}
