/// Threads and limits of what runs behind the writes.
///
/// Defaults: include/rocksdb/options.h of RocksDB 7.7.3.
extension Knob {
    static let background: [Knob] = [
        // All shards share the threads that this asks for.
        rocksdb(
            "max_background_jobs", "Background jobs", .count, standard: 2,
            range: .choices([2, 4, 6, 8]), domain: 1...256, Reach.database, isSearched: true,
            effect:
                "More flushes and compactions run at once and compete with the broker for cores."),
        // The pools of the process-wide Env (Env::SetBackgroundThreads); EMQX up to 6.0.1 never
        // sets them, so the largest request of a database counts (reference 2.4).
        rocksdb(
            "background_threads_high", "Flush threads of the process", .count, standard: 0,
            range: .choices([0, 1, 2, 4, 8]), domain: 0...256, { _ in .pool(.high) },
            words: [0: "as the shards ask"],
            effect: "All shards flush through these threads: with one, a slow flush holds up "
                + "every other shard."),
        rocksdb(
            "background_threads_low", "Compaction threads of the process", .count, standard: 0,
            range: .choices([0, 1, 2, 4, 8]), domain: 0...256, { _ in .pool(.low) },
            words: [0: "as the shards ask"],
            effect: "All shards compact through these threads: more keep L0 short and take "
                + "cores and disk from the broker."),
        rocksdb(
            "max_subcompactions", "Threads of one compaction", .count, standard: 1,
            range: .choices([1, 2, 4]), domain: 1...256, Reach.database,
            effect: "Splits a compaction from L0 among threads: it ends sooner and takes more "
                + "cores while it runs."),
        // Sanitised from 0; the rate that a slowdown starts with.
        rocksdb(
            "delayed_write_rate", "Rate of slowed writes", .bytesPerSecond, standard: 16 << 20,
            range: .powersOfTwo(4 << 20...64 << 20), domain: 1 << 10...1 << 40, Reach.database,
            effect: "How fast a shard may write while it is slowed down: higher is a softer "
                + "brake that reaches the stop sooner."),
        rocksdb(
            "rate_limiter_bytes_per_sec", "Rate limit of flushes and compactions",
            .bytesPerSecond, standard: 0,
            range: .choices([0, 16 << 20, 32 << 20, 64 << 20, 128 << 20]), domain: 0...1 << 40,
            { _ in .rateLimiter }, words: [0: "none"],
            effect: "Spreads what flushes and compactions write, so that a sync of the WAL waits "
                + "less; too low, and compaction falls behind."),
    ]
}
