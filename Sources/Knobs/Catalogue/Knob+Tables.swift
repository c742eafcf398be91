/// Blocks of the files and how they are found again. `block_size` is the size of one read and does not
/// shrink in a miniature; the cache does.
///
/// Defaults: include/rocksdb/table.h of RocksDB 7.7.3.
extension Knob {
    static let tables: [Knob] = [
        // 8 MiB for each column family; 32 MiB from RocksDB 8.2 on, so in EMQX 6.1.1 and later.
        rocksdb(
            "block_cache", "Block cache of a column family", .bytes, standard: 8 << 20,
            range: .choices([8 << 20, 32 << 20, 128 << 20, 512 << 20]), domain: 64 << 10...1 << 40,
            Reach.table, named: "cache_size", shrinks: true,
            effect: "A larger cache keeps more blocks for sessions that resume; each shard has "
                + "three of them."),
        rocksdb(
            "block_size", "Block size", .bytes, standard: 4 << 10,
            range: .powersOfTwo(4 << 10...64 << 10), domain: 512...4 << 20, Reach.table,
            effect: "Larger blocks compress better and need a smaller index; a read takes more "
                + "than it asked for."),
        rocksdb(
            "bloom_bits", "Bloom filter", .bitsPerKey, standard: 0, range: .choices([0, 10, 16]),
            domain: 0...100, { _ in .table(option: "filter_policy") }, words: [0: "none"],
            effect: "A filter spares reads of single keys that are not there; scans of streams "
                + "do not ask it."),
    ]
}
