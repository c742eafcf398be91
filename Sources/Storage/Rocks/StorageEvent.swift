internal import CRocks
package import Measure

/// Something RocksDB did or suffered, with times on the monotonic clock.
package struct StorageEvent: Sendable, Equatable {
    /// How a column family takes writes: as they come, at `delayed_write_rate`, or not at all.
    package enum Condition: Int32, Sendable { case normal, delayed, stopped }

    /// A compaction that began (files and bytes to read) or was installed (also those written).
    package struct Compaction: Sendable, Equatable {
        package let reason: CompactionReason
        /// The lowest input level, and the level written to.
        package let from: Int
        package let to: Int
        package let filesIn: Int
        package let filesOut: Int
        package let read: Bytes
        package let written: Bytes
    }

    package enum Kind: Sendable, Equatable {
        case flushBegan(FlushReason)
        /// A memtable became a level-0 file of so many bytes of data and index.
        case flush(FlushReason, bytes: Bytes)
        case compactionBegan(Compaction)
        case compaction(Compaction)
        /// The write condition of a column family changed. The cause is inferred, see `StallCause`;
        /// nil if it cannot be, and when writes are normal again.
        case stall(from: Condition, to: Condition, cause: StallCause?)
        /// A background error: `rocksdb::Status::Code`, and RocksDB's text.
        case error(BackgroundErrorReason?, code: Int32, text: String)
    }

    package let kind: Kind
    package let shard: Int
    /// Index in the database's list of column families; nil for an event of the whole database.
    package let columnFamily: Int?
    /// RocksDB's number of the flush or compaction: the same in the event of its beginning and of its end.
    package let job: Int
    package let began: MonotonicTime
    /// Of a beginning and of a stall: the moment itself.
    package let ended: MonotonicTime

    package init(
        kind: Kind, shard: Int, columnFamily: Int?, job: Int = 0, began: MonotonicTime,
        ended: MonotonicTime
    ) {
        self.kind = kind
        self.shard = shard
        self.columnFamily = columnFamily
        self.job = job
        self.began = began
        self.ended = ended
    }

    /// Takes over the event's message.
    /// False for what the session tables' databases did.
    package var isOfMessages: Bool { shard >= 0 }

    init(_ event: crocks_event) {
        let flush = FlushReason(rawValue: event.reason) ?? .kOthers
        let compaction = Compaction(
            reason: CompactionReason(rawValue: event.reason) ?? .kUnknown,
            from: Int(event.input_level), to: Int(event.output_level),
            filesIn: Int(event.files_in), filesOut: Int(event.files_out),
            read: Bytes(event.bytes_in), written: Bytes(event.bytes_out))
        switch crocks_event_kind(rawValue: UInt32(event.kind)) {
        case CROCKS_FLUSH_BEGIN: kind = .flushBegan(flush)
        case CROCKS_FLUSH: kind = .flush(flush, bytes: Bytes(event.bytes_out))
        case CROCKS_COMPACTION_BEGIN: kind = .compactionBegan(compaction)
        case CROCKS_COMPACTION: kind = .compaction(compaction)
        case CROCKS_STALL:
            kind = .stall(
                from: Condition(rawValue: event.previous) ?? .stopped,
                to: Condition(rawValue: event.condition) ?? .stopped,
                cause: StallCause(rawValue: event.reason))
        default:
            kind = .error(
                BackgroundErrorReason(rawValue: event.reason), code: event.condition,
                text: event.message.map { String(cString: $0) } ?? "")
        }
        crocks_free(event.message)
        shard = Int(event.shard)
        columnFamily = event.column_family < 0 ? nil : Int(event.column_family)
        job = Int(event.job)
        began = MonotonicTime(nanoseconds: event.began_ns)
        ended = MonotonicTime(nanoseconds: event.ended_ns)
    }
}
