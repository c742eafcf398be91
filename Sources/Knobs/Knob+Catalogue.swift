extension Knob {
    /// Everything this tool can turn. The order is the order of the report.
    package static let catalogue: [Knob] = [
        // Default: ColumnFamilyOptions of RocksDB 7.7.3, which EMQX 5.8.9 opens with no options of
        // its own. Bounds: what RocksDB clips to on a 64-bit machine.
        Knob(
            id: "write_buffer_size", title: "Memtable size", unit: .bytes, standard: 64 << 20,
            range: .powersOfTwo(16 << 20...256 << 20), domain: 64 << 10...64 << 30,
            reach: .columnFamily(option: "write_buffer_size"), shrinks: true,
            articlePath: "durable_storage.messages.rocksdb.write_buffer_size",
            effect: "Larger memtables are flushed less often into larger files, "
                + "and cost memory and replay time after a crash."),
        // Default: DBOptions of RocksDB 7.7.3. All shards share the threads that this asks for.
        Knob(
            id: "max_background_jobs", title: "Background jobs", unit: .count, standard: 2,
            range: .choices([2, 4, 6, 8]), domain: 1...256,
            reach: .database(option: "max_background_jobs"), shrinks: false,
            articlePath: "durable_storage.messages.rocksdb.max_background_jobs",
            effect:
                "More flushes and compactions run at once and compete with the broker for cores."),
        // Default: ColumnFamilyOptions of RocksDB 7.7.3.
        Knob(
            id: "level0_file_num_compaction_trigger", title: "L0 compaction trigger", unit: .count,
            standard: 4, range: .choices([2, 4, 8]), domain: 1...10_000,
            reach: .columnFamily(option: "level0_file_num_compaction_trigger"), shrinks: false,
            articlePath: "durable_storage.messages.rocksdb.level0_file_num_compaction_trigger",
            effect: "A higher trigger compacts L0 in larger and rarer steps: less is rewritten, "
                + "more files wait."),
        // Default: ColumnFamilyOptions of RocksDB 7.7.3.
        Knob(
            id: "level0_slowdown_writes_trigger", title: "L0 slowdown trigger", unit: .count,
            standard: 20, range: .linear(8...48, step: 4), domain: 1...10_000,
            reach: .columnFamily(option: "level0_slowdown_writes_trigger"), shrinks: false,
            articlePath: "durable_storage.messages.rocksdb.level0_slowdown_writes_trigger",
            effect: "With this many L0 files RocksDB slows writes down; "
                + "a higher trigger lets a longer burst pass."),
        // Default: ColumnFamilyOptions of RocksDB 7.7.3.
        Knob(
            id: "level0_stop_writes_trigger", title: "L0 stop trigger", unit: .count, standard: 36,
            range: .linear(12...64, step: 4), domain: 1...10_000,
            reach: .columnFamily(option: "level0_stop_writes_trigger"), shrinks: false,
            articlePath: "durable_storage.messages.rocksdb.level0_stop_writes_trigger",
            effect: "With this many L0 files RocksDB stops writes until compaction has caught up."),
        // Default: ColumnFamilyOptions of RocksDB 7.7.3, which raises anything lower to 2.
        Knob(
            id: "max_write_buffer_number", title: "Memtables per column family", unit: .count,
            standard: 2, range: .linear(2...6, step: 1), domain: 2...64,
            reach: .columnFamily(option: "max_write_buffer_number"), shrinks: false,
            articlePath: "durable_storage.messages.rocksdb.max_write_buffer_number",
            effect: "More memtables absorb a burst while earlier ones are flushed; "
                + "with 2, a slow flush stops writes."),
        // Default: emqx_ds_schema.erl of EMQX 5.8.9.
        Knob(
            id: "n_shards", title: "Shards", unit: .count, standard: 16,
            range: .choices([4, 8, 16, 32]), domain: 1...1_024, reach: .shards, shrinks: false,
            articlePath: "durable_storage.messages.n_shards",
            effect:
                "More shards write side by side, each with a database, files and memtables of its own."
        ),
        // Default: emqx_ds_schema.erl of EMQX 5.8.9.
        Knob(
            id: "local_write_buffer.max_items", title: "Buffer items", unit: .count,
            standard: 1_000,
            range: .choices([100, 200, 500, 1_000, 2_000, 5_000]), domain: 1...1_000_000,
            reach: .bufferItems, shrinks: false,
            articlePath: "durable_storage.messages.local_write_buffer.max_items",
            effect: "A shard's buffer is written when it holds this many messages: "
                + "larger batches cost less each and wait longer."),
        // Default: emqx_ds_schema.erl of EMQX 5.8.9.
        Knob(
            id: "local_write_buffer.flush_interval", title: "Buffer flush interval",
            unit: .milliseconds, standard: 100,
            range: .choices([5, 10, 20, 50, 100, 200, 500]), domain: 1...86_400_000,
            reach: .bufferInterval, shrinks: false,
            articlePath: "durable_storage.messages.local_write_buffer.flush_interval",
            effect: "The longest that a message waits in the buffer before it is written: "
                + "shorter is sooner durable and costs more commits."),
    ]
}
