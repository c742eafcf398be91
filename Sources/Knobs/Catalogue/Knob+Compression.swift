/// How files are compressed. EMQX's binding is built with Snappy and LZ4 only, so ZSTD takes another
/// build of the broker (reference 2.2).
///
/// Numbers: `CompressionType` in include/rocksdb/compression_type.h.
extension Knob {
    static let compressions: [Knob] = [
        // Snappy where it is compiled in (options/options.cc, ColumnFamilyOptions).
        rocksdb(
            "compression", "Compression", .choice(algorithms), standard: 1, Reach.columnFamily,
            effect: "Stronger compression writes fewer bytes to the disk and takes more CPU in "
                + "flushes and compactions."),
        rocksdb(
            "bottommost_compression", "Compression of the last level",
            .choice(algorithms + [Name(text: "kDisableCompressionOption", value: 255)]),
            standard: 255, Reach.columnFamily, words: [255: "as the other levels"],
            effect: "Most data is in the last level and is rewritten seldom, so stronger "
                + "compression costs least there."),
        // Spelled to RocksDB as compression_per_level; the name is db_bench's.
        rocksdb(
            "min_level_to_compress", "First compressed level", .count, standard: 0,
            range: .choices([0, 1, 2, 3]), domain: 0...7, { _ in .uncompressedLevels },
            effect: "Levels above this one are not compressed: flushes need less CPU, and what "
                + "is soon rewritten is written larger."),
    ]

    private static let algorithms = [
        Name(text: "kNoCompression", value: 0), Name(text: "kSnappyCompression", value: 1),
        Name(text: "kLZ4Compression", value: 4), Name(text: "kZSTD", value: 7),
    ]
}
