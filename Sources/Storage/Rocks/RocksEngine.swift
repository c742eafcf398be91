internal import CRocks
package import Measure
internal import Synchronization

/// What all databases of this process share: RocksDB's default Env with its two thread pools, one
/// Statistics object, and the events of their listeners. One for a trial.
///
/// `@unchecked Sendable`: the Env and Statistics are documented as thread-safe (rocksdb/env.h: "All Env
/// implementations are safe for concurrent access from multiple threads", rocksdb/statistics.h: counters
/// are atomic), and the shim keeps the events behind a mutex.
package final class RocksEngine: @unchecked Sendable {
    let raw: OpaquePointer
    let iterators = Atomic<Int>(0)
    let iteratorsMade = Atomic<Int>(0)

    /// Iterators that are open now, in all databases of this engine. An open one pins memtables and files.
    package var openIterators: Int { iterators.load(ordering: .relaxed) }
    /// Iterators that were ever opened.
    package var openedIterators: Int { iteratorsMade.load(ordering: .relaxed) }

    package init() { raw = crocks_engine_create() }

    deinit { crocks_engine_destroy(raw) }

    /// "7.8.3"
    package static var version: String { String(cString: crocks_version()) }

    /// A counter of the shared Statistics, by its name in RocksDB's `TickersNameMap`.
    /// - Returns: nil if this library has no counter of that name.
    package func ticker(_ name: String) -> Int64? {
        let value = crocks_engine_ticker(raw, name)
        return value < 0 ? nil : value
    }

    /// Threads of the pools for flushes (high) and compactions (low). Opening a database only ever grows
    /// them to what that database asks for: the largest request counts, not the sum (reference 2.4).
    package var threads: (high: Int, low: Int) {
        var high: Int32 = 0, low: Int32 = 0
        crocks_engine_threads(raw, &high, &low)
        return (Int(high), Int(low))
    }

    /// Everything the listeners noted since the last call, in the order it was noted.
    package func takeEvents() -> [StorageEvent] {
        var taken: [StorageEvent] = []
        var room = [crocks_event](repeating: crocks_event(), count: 256)
        while true {
            let count = crocks_engine_take_events(raw, &room, room.count)
            taken.append(contentsOf: room[..<count].map(StorageEvent.init))
            if count < room.count { return taken }
        }
    }
}

/// Something RocksDB did or suffered, with times on the monotonic clock.
package struct StorageEvent: Sendable, Equatable {
    package enum Condition: Int32, Sendable { case normal, delayed, stopped }
    package enum Kind: Sendable, Equatable {
        /// A memtable became a level-0 file.
        case flush(bytes: Bytes)
        case compaction(
            from: Int, to: Int, filesIn: Int, filesOut: Int, read: Bytes, written: Bytes)
        /// The write condition of a column family changed to this.
        case stall(Condition)
        /// `rocksdb::Status::Code` of a background error.
        case error(Int32)
    }

    package let kind: Kind
    package let shard: Int
    /// Index in the database's list of column families; nil for an event of the whole database.
    package let columnFamily: Int?
    package let began: MonotonicTime
    package let ended: MonotonicTime

    init(_ event: crocks_event) {
        switch crocks_event_kind(rawValue: UInt32(event.kind)) {
        case CROCKS_FLUSH: kind = .flush(bytes: Bytes(event.bytes_out))
        case CROCKS_COMPACTION:
            kind = .compaction(
                from: Int(event.input_level), to: Int(event.output_level),
                filesIn: Int(event.files_in), filesOut: Int(event.files_out),
                read: Bytes(event.bytes_in), written: Bytes(event.bytes_out))
        case CROCKS_STALL: kind = .stall(Condition(rawValue: event.condition) ?? .stopped)
        default: kind = .error(event.condition)
        }
        shard = Int(event.shard)
        columnFamily = event.column_family < 0 ? nil : Int(event.column_family)
        began = MonotonicTime(nanoseconds: event.began_ns)
        ended = MonotonicTime(nanoseconds: event.ended_ns)
    }
}
