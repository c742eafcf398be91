/// What messages become in one shard, or in all of them.
package struct WriteCounts: Codable, Equatable, Sendable {
    package internal(set) var messages = 0
    /// Rows of messages, and bytes of their values.
    package internal(set) var dataPuts = 0
    package internal(set) var valueBytes = 0
    /// Rows of the index of varying topic levels.
    package internal(set) var indexPuts = 0
    /// Groups of topics that differ in varying levels only.
    package internal(set) var streams = 0
    /// Rows of the learned topics, and bytes of their keys and values.
    package internal(set) var triePuts = 0
    package internal(set) var trieBytes = 0
    /// Of the log, framing included: of RocksDB's, or the part of a log that all shards share.
    package internal(set) var walBytes = 0
    /// What a memtable charges for rows of messages and of their index.
    package internal(set) var memtableBytes = 0
    /// Batches that were committed.
    package internal(set) var commits = 0

    enum CodingKeys: String, CodingKey {
        case messages, dataPuts = "data_puts", valueBytes = "value_bytes", indexPuts = "index_puts"
        case streams, triePuts = "trie_puts", trieBytes = "trie_bytes", walBytes = "wal_bytes"
        case memtableBytes = "memtable_bytes", commits
    }

    /// All of the data column family.
    var puts: Int { dataPuts + indexPuts }

    mutating func add(_ other: WriteCounts) {
        messages += other.messages
        dataPuts += other.dataPuts
        valueBytes += other.valueBytes
        indexPuts += other.indexPuts
        streams += other.streams
        triePuts += other.triePuts
        trieBytes += other.trieBytes
        walBytes += other.walBytes
        memtableBytes += other.memtableBytes
        commits += other.commits
    }
}
