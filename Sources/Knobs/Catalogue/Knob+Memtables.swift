/// Where writes are held until they are flushed.
///
/// Defaults: include/rocksdb/advanced_options.h and options.h of RocksDB 7.7.3, which EMQX 5.8.9
/// opens with empty lists for its column families (reference 2.1, 2.2).
extension Knob {
    static let memtables: [Knob] = [
        // Bounds: what RocksDB clips to on a 64-bit machine.
        rocksdb(
            "write_buffer_size", "Memtable size", .bytes, standard: 64 << 20,
            range: .powersOfTwo(16 << 20...256 << 20), domain: 64 << 10...64 << 30,
            Reach.columnFamily, shrinks: true, isSearched: true,
            effect: "Larger memtables are flushed less often into larger files, "
                + "and cost memory and replay time after a crash."),
        // RocksDB raises anything lower than 2.
        rocksdb(
            "max_write_buffer_number", "Memtables per column family", .count, standard: 2,
            range: .linear(2...6, step: 1), domain: 2...64, Reach.columnFamily, isSearched: true,
            effect: "More memtables absorb a burst while earlier ones are flushed; "
                + "with 2, a slow flush stops writes."),
        rocksdb(
            "min_write_buffer_number_to_merge", "Memtables merged by a flush", .count, standard: 1,
            range: .choices([1, 2, 3]), domain: 1...63, Reach.columnFamily,
            effect: "Flushing several memtables as one file makes fewer files and holds memory "
                + "longer; under atomic_flush RocksDB always flushes each alone."),
        // 0 is off; EMQX 6.0.0 and 6.0.1 run with 10 MiB.
        rocksdb(
            "db_write_buffer_size", "Memtables of a shard together", .bytes, standard: 0,
            range: .choices([0, 10 << 20, 32 << 20, 64 << 20, 128 << 20]), domain: 0...64 << 30,
            Reach.database, shrinks: true, words: [0: "no limit"],
            effect: "A shard flushes when seven eighths of this are being filled: less memory, "
                + "smaller and more files."),
        // The manager of EMQX 6.0.2 and later holds 256 MiB and never stalls by itself.
        rocksdb(
            "write_buffer_manager", "Memtables of all shards together", .bytes, standard: 0,
            range: .choices([0, 128 << 20, 256 << 20, 512 << 20, 1 << 30]), domain: 0...64 << 30,
            { _ in .writeBufferManager }, shrinks: true, words: [0: "none"],
            effect: "One budget for the memtables of all shards: when it is used up, shards "
                + "flush early, so files become smaller as shards become more."),
        // EMQX passes true (emqx_ds_storage_layer); RocksDB's own default is false.
        rocksdb(
            "atomic_flush", "Atomic flush", .flag, standard: 1, Reach.database,
            effect: "All column families of a shard are flushed together: with the WAL on "
                + "nothing needs it, without it a crash would tear them apart."),
        rocksdb(
            "enable_pipelined_write", "Pipelined writes", .flag, standard: 0, Reach.database,
            effect: "The next batch enters the WAL while the last enters its memtable: worth "
                + "something only with several writers for each shard."),
        rocksdb(
            "unordered_write", "Unordered writes", .flag, standard: 0, Reach.database,
            effect: "Batches enter the memtable in any order: faster with several writers, and "
                + "snapshots no longer see one moment."),
    ]
}
