import Measure

/// One thing that may be turned. Pure data: it knows its names, its range and why it matters.
///
/// Adding one is adding an entry to the catalogue; what it can do on each EMQX version follows
/// from its article path and the dialects.
package struct Knob: Identifiable, Sendable {
    package enum Unit: Hashable, Sendable {
        case bytes, bytesPerSecond, count, milliseconds
        /// 0 or 1.
        case flag
        /// Bits of a Bloom filter for each key; 0 is no filter.
        case bitsPerKey
        /// One of RocksDB's names; a value is the number that its enumeration gives the name.
        case choice([Name])
    }

    package struct Name: Hashable, Sendable {
        package let text: String
        package let value: Int64
    }

    /// Threads of RocksDB's Env: high for flushes, low for compactions.
    package enum Pool: Hashable, Sendable { case high, low }

    /// Where a value acts. RocksDB options carry RocksDB's own name for them.
    package enum Reach: Hashable, Sendable {
        case columnFamily(option: String)
        case database(option: String)
        /// An option of block-based tables.
        case table(option: String)
        /// So many levels from the top are not compressed.
        case uncompressedLevels
        /// One WriteBufferManager for all shards; 0 is none.
        case writeBufferManager
        /// Threads of the Env that all databases share; 0 is what the databases ask for.
        case pool(Pool)
        /// One limiter for what flushes and compactions of all shards write; 0 is none.
        case rateLimiter
        case shards
        case bufferItems
        case bufferBytes
        case bufferInterval
        case pendingItems
        case pendingInterval
        case idleInterval

        /// What a store does with it happens in RocksDB, so RocksDB can be asked what it runs with.
        package var isRocksDB: Bool {
            switch self {
            case .columnFamily, .database, .table, .uncompressedLevels, .writeBufferManager, .pool,
                .rateLimiter:
                true
            case .shards, .bufferItems, .bufferBytes, .bufferInterval, .pendingItems,
                .pendingInterval, .idleInterval:
                false
            }
        }
    }

    /// Key in the study store and on the command line: never renamed.
    package let id: String
    package let title: String
    package let unit: Unit
    /// What EMQX 5.8.9 runs with when nothing is set; for what it does not have, the default of
    /// the version that brought it, or none of it.
    package let standard: Int64
    /// What a study tries.
    package let range: KnobRange
    /// What a configuration may hold: wider than what is searched.
    package let domain: ClosedRange<Int64>
    package let reach: Reach
    /// A byte size that the miniature scales with the traffic. Sizes of one disk operation (a block,
    /// a readahead, a sync) and rates stay, because the disk is not scaled.
    package var shrinks = false
    /// Part of the space that a study searches when no knobs are named.
    package var isSearched = false
    /// The key in the vocabulary of the article, which `emqx-style.conf` is written in.
    package let articlePath: String
    /// Values that are more than their number, in words: `[0: "none"]`.
    package var words: [Int64: String] = [:]
    /// The value that EMQX spells `infinity`.
    package var infinity: Int64?
    /// A size that EMQX reads only as a plain whole number of bytes.
    package var isPlain = false
    /// What `true` stands for where the article switches on what RocksDB counts.
    package var switchedOn: Int64?
    /// One sentence for the report.
    package let effect: String

    package static func find(_ id: String) -> Knob? { byID[id] }

    private static let byID = Dictionary(uniqueKeysWithValues: catalogue.map { ($0.id, $0) })
}
