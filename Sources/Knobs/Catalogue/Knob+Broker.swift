/// What the broker turns above RocksDB. Defaults: emqx_ds_schema.erl of EMQX 5.8.9, for transactions of
/// 6.0.0.
extension Knob {
    static let broker: [Knob] = [
        Knob(
            id: "n_shards", title: "Shards", unit: .count, standard: 16,
            range: .choices([4, 8, 16, 32]), domain: 1...1_024, reach: .shards, isSearched: true,
            articlePath: "durable_storage.messages.n_shards",
            effect:
                "More shards write side by side, each with a database, files and memtables of its own."
        ),
        Knob(
            id: "local_write_buffer.max_items", title: "Buffer items", unit: .count,
            standard: 1_000,
            range: .choices([100, 200, 500, 1_000, 2_000, 5_000]), domain: 1...1_000_000,
            reach: .bufferItems, isSearched: true,
            articlePath: "durable_storage.messages.local_write_buffer.max_items",
            effect: "A shard's buffer is written when it holds this many messages: "
                + "larger batches cost less each and wait longer."),
        // Topics and payloads count (emqx_ds_buffer, reference 3.3). It is no size of the tree: the
        // miniature leaves it, as it leaves the number of items.
        Knob(
            id: "local_write_buffer.max_bytes", title: "Buffer bytes", unit: .bytes, standard: 0,
            range: .choices([0, 64 << 10, 256 << 10, 1 << 20, 4 << 20]), domain: 0...1 << 40,
            reach: .bufferBytes,
            articlePath: "durable_storage.messages.local_write_buffer.max_bytes",
            words: [0: "no limit"], infinity: 0, isPlain: true,
            effect: "A shard's buffer is also written when its topics and payloads reach this: "
                + "it bounds a batch of large messages."),
        Knob(
            id: "local_write_buffer.flush_interval", title: "Buffer flush interval",
            unit: .milliseconds, standard: 100,
            range: .choices([5, 10, 20, 50, 100, 200, 500]), domain: 0...86_400_000,
            reach: .bufferInterval, isSearched: true,
            articlePath: "durable_storage.messages.local_write_buffer.flush_interval",
            effect: "The longest that a message waits in the buffer before it is written: "
                + "shorter is sooner durable and costs more commits."),
        Knob(
            id: "transaction.max_pending", title: "Pending transactions", unit: .count,
            standard: 10_000,
            range: .choices([500, 1_000, 2_000, 5_000, 10_000]), domain: 1...1_000_000,
            reach: .pendingItems, articlePath: "durable_storage.messages.transaction.max_pending",
            effect: "A shard's transactions are committed when this many wait: larger batches "
                + "cost less each and wait longer."),
        Knob(
            id: "transaction.flush_interval", title: "Transaction flush interval",
            unit: .milliseconds, standard: 10, range: .choices([2, 5, 10, 20, 50, 100]),
            domain: 1...86_400_000, reach: .pendingInterval,
            articlePath: "durable_storage.messages.transaction.flush_interval",
            effect: "The longest that a transaction waits for its commit: shorter is sooner "
                + "durable and costs more commits."),
        Knob(
            id: "transaction.idle_flush_interval", title: "Idle flush interval",
            unit: .milliseconds, standard: 1, range: .choices([0, 1, 2, 5]),
            domain: 0...86_400_000, reach: .idleInterval,
            articlePath: "durable_storage.messages.transaction.idle_flush_interval",
            effect: "A commit also starts when nothing came for so long: longer gathers more "
                + "and answers a quiet fleet later."),
    ]
}
