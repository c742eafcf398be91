package import Layout
package import Measure

/// How one line of EMQX versions stores messages: data over one implementation, not a fork of it.
package struct EngineModel: Identifiable, Sendable {
    /// Where a committed message is first written, so that a restart finds it.
    package enum Log: Sendable, Equatable {
        /// RocksDB's write-ahead log, one for each shard.
        case wal
        /// One log for all shards, as Ra keeps it; RocksDB's own is off for messages (reference 2.5, 3.8).
        case raft(RaftModel)
    }

    /// Which rule closes a shard's batch.
    package enum Batching: Sendable, Equatable {
        /// EMQX 5.8 to 5.10: so many items, or so long after the first (reference 3.3).
        case writeBuffer
        /// EMQX 6: so many pending, so long after the first, or so long after the last (reference 3.9).
        case transaction
    }

    /// When changed session state reaches its tables.
    package enum SessionCommits: Sendable, Equatable {
        /// At most once per interval while something changed (reference 4.1).
        case every(Nanoseconds)
        /// Before the packet that promises it is sent.
        case beforePromise
    }

    package var id: String
    /// For the report: which builds behave so.
    package var speaksFor: String
    /// What this engine does unless it is told otherwise.
    package var durability: Durability
    package var log: Log
    package var batching: Batching
    /// What keys and values look like.
    package var format: RowFormat
    package var sessions: SessionCommits
    /// Whether a durable session's subscription at QoS 0 makes its messages durable (reference 3.1).
    package var storesForQoS0: Bool
    /// How it reads back what it stored.
    package var reading: ReadModel
    /// A second small write to the default column family with every flush: EMQX 6's local backend (reference 2.5).
    package var writesSerial: Bool
    /// An append to a table of EMQX's own with every flush, which keeps the shard's last timestamp: EMQX 5.8's
    /// local backend (reference 3.4).
    package var recordsTimestamp: Bool
    /// CPU that the real broker spends on a stored message and this one does not.
    package var cpuPerMessage: Nanoseconds
    /// Options of each shard's database, as EMQX passes them.
    package var databaseOptions: [(name: String, value: String)]
    /// Column families of a new database in the order they are opened; see `Family`.
    package var families: [String]
    /// Defaults of that version's column families that the RocksDB linked here has changed.
    package var familyOptions: [(name: String, value: String)]
    /// Defaults of that version's block-based tables that the RocksDB linked here has changed.
    package var tableOptions: [(name: String, value: String)]
    /// What this engine runs with where it differs from a knob's standard, by knob id.
    package var standards: [String: Int64]
    /// Knobs that a sweep turns unless it is told otherwise, beside those of every engine.
    package var alsoSearched: [String]
    /// Where it departs from EMQX, one sentence each; every report prints them.
    package var departures: [String]
    /// How many shards may be inside RocksDB at once: EMQX's dirty I/O schedulers (+SDio).
    package var concurrentWrites: Int

    /// Index of each column family in `families`.
    package enum Family {
        package static let `default` = 0, data = 1, trie = 2

        /// Whether a column family holds messages: later generations come in pairs of the same order.
        package static func isData(_ index: Int) -> Bool { index % 2 == data }
    }
}

/// Parameters of the log that Ra shares between all shards of a database (reference 3.8; rabbitmq/ra v2.15.2,
/// ra.hrl and ra_system.erl).
package struct RaftModel: Sendable, Equatable {
    /// A file is closed and its entries are copied to segments at this size; not shrunk by the miniature's
    /// counts, only by its sizes.
    package var fileBytes: UInt64 = 256_000_000
    /// Entries that one write and one fdatasync may hold.
    package var batchEntries = 8_192
    /// Entries of a shard's segment file.
    package var segmentEntries = 4_096
    /// Stored bytes (40 + client id + topic + payload each) after which a shard may release its log.
    package var releaseBytes: UInt64 = 50_000_000
    /// Log entries after which it may.
    package var releaseEntries = 64_000
    /// Entries since the last snapshot before Ra acts on a release.
    package var snapshotEntries = 4_096
    /// Bytes of a command beside the client ids, topics and payloads: per message and per batch (measured,
    /// reference 3.8).
    package var messageOverhead = 232, batchOverhead = 143
    /// What an entry costs around its command: 24 bytes and a 3-byte reference to its writer.
    package var entryOverhead = 27
    /// Until a quorum has a synced entry, beyond this site's own sync: zero for a cluster of one.
    package var roundTrip = Nanoseconds.zero

    package init() {}

    /// In a miniature sizes shrink and counts do not.
    package func scaled(by miniature: UInt64) -> RaftModel {
        var small = self
        small.fileBytes = max(1, fileBytes / miniature)
        small.releaseBytes = max(1, releaseBytes / miniature)
        return small
    }
}
