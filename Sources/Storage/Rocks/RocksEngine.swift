internal import CRocks
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

    /// - Parameter disk: what stands between the databases and the file system; nil: nothing does.
    package init(on disk: Disk? = nil) {
        raw = disk.map { crocks_engine_create_on($0.raw) } ?? crocks_engine_create(1)
    }

    /// Without statistics and listeners, for the limit that a benchmark compares with: `ticker` and
    /// `takeEvents` have nothing to say.
    static func unobserved() -> RocksEngine { RocksEngine(taking: crocks_engine_create(0)) }

    private init(taking raw: OpaquePointer) { self.raw = raw }

    deinit { crocks_engine_destroy(raw) }

    /// "7.8.3"
    package static var version: String { String(cString: crocks_version()) }

    /// A counter of the shared Statistics, by its name in RocksDB's `TickersNameMap`.
    /// - Returns: nil if this library has no counter of that name.
    package func ticker(_ name: String) -> Int64? {
        let value = crocks_engine_ticker(raw, name)
        return value < 0 ? nil : value
    }

    /// A histogram of the shared Statistics, by its name in RocksDB's `HistogramsNameMap`.
    /// - Returns: nil if this library has no histogram of that name.
    package func histogram(_ name: String) -> RocksHistogram? {
        var histogram = crocks_histogram()
        guard crocks_engine_histogram(raw, name, &histogram) != 0 else { return nil }
        return RocksHistogram(
            count: histogram.count, sum: histogram.sum, median: histogram.median,
            p95: histogram.p95, p99: histogram.p99, average: histogram.average,
            standardDeviation: histogram.standard_deviation, minimum: histogram.minimum,
            maximum: histogram.maximum)
    }

    /// Threads of the pools for flushes (high) and compactions (low). Opening a database only ever grows
    /// them to what that database asks for: the largest request counts, not the sum (reference 2.4).
    package var threads: (high: Int, low: Int) {
        var high: Int32 = 0, low: Int32 = 0
        crocks_engine_threads(raw, &high, &low)
        return (Int(high), Int(low))
    }

    /// Sets what the databases that are opened from now on share, until the next call.
    package func share(_ shared: SharedOptions) {
        crocks_engine_share(raw, shared.writeBufferManager, shared.bytesPerSecond)
    }

    /// Sets the pools of the whole process, also to fewer threads. 0 leaves a pool as it is.
    package func setThreads(high: Int, low: Int) {
        crocks_engine_set_threads(raw, Int32(clamping: high), Int32(clamping: low))
    }

    /// The nice value that RocksDB gives to threads of low priority (port/port_posix.cc, SetCpuPriority, kLow).
    package static let yieldingNice: Int32 = 19

    /// From now on the threads for flushes and compactions run only where others leave a core free. Of the whole
    /// process, and for good: threads that run already follow when their job ends.
    package func yieldThreads() { crocks_engine_yield_threads(raw) }

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

/// What several databases of one engine have in common. All zero: each for itself.
package struct SharedOptions: Sendable, Equatable {
    /// Bytes of memtables, all databases together, that make one of them flush. It never stalls a
    /// writer (allow_stall is false, as in EMQX 6.0.2 and later).
    package var writeBufferManager: UInt64 = 0
    /// What flushes and compactions of all of them may write.
    package var bytesPerSecond: Int64 = 0

    package init(writeBufferManager: UInt64 = 0, bytesPerSecond: Int64 = 0) {
        self.writeBufferManager = writeBufferManager
        self.bytesPerSecond = bytesPerSecond
    }
}

/// A histogram of RocksDB since the engine began, in RocksDB's unit: times are microseconds, sizes bytes.
/// Percentiles are interpolated in RocksDB's buckets; count, sum and extremes are exact.
package struct RocksHistogram: Sendable, Equatable {
    package let count: UInt64
    package let sum: UInt64
    package let median: Double
    package let p95: Double
    package let p99: Double
    package let average: Double
    package let standardDeviation: Double
    package let minimum: Double
    package let maximum: Double
}
