internal import CRocks
package import Measure

/// A disk as figures: enough to say how long each append, sync and read takes on it, and nothing about where
/// the bytes are.
///
/// The arithmetic is in CRocks (disk_model.hpp). What it leaves out: the seek of a rotating disk, the age of
/// a flash device (garbage collection, a used-up cache of single-level cells), and that a journalling file
/// system may write other files' bytes in one file's sync.
package struct DiskModel: Sendable, Equatable {
    /// Bytes per second, and how a volume that saves up credits exceeds it for a while.
    package struct Throughput: Sendable, Equatable {
        /// Per second, all the time.
        package var sustained: Bytes
        /// Per second, while there are credits; `sustained` for a device without bursts.
        package var burst: Bytes
        /// Credits of a rested volume: bytes.
        package var credit: Bytes

        package init(sustained: Bytes, burst: Bytes? = nil, credit: Bytes = .zero) {
            self.sustained = sustained
            self.burst = burst ?? sustained
            self.credit = credit
        }
    }

    /// Operations per second, reads and writes together; a volume may save up credits.
    package struct OperationRate: Sendable, Equatable {
        package var sustained: Int
        package var burst: Int
        /// Credits of a rested volume: operations.
        package var credit: Int

        package init(sustained: Int, burst: Int? = nil, credit: Int = 0) {
            self.sustained = sustained
            self.burst = burst ?? sustained
            self.credit = credit
        }
    }

    /// The kernel's page cache above the device.
    package struct PageCache: Sendable, Equatable {
        /// What is read from it costs nothing.
        package var size: Bytes
        /// With more dirty bytes than this the kernel writes back on its own (`vm.dirty_background_ratio`).
        package var background: Bytes
        /// With more dirty bytes than this an append waits (`vm.dirty_ratio`).
        package var limit: Bytes
        /// Bytes that are dirty for longer are written back (`vm.dirty_expire_centisecs`).
        package var expiry: Nanoseconds
        /// Bytes per second of a buffered append: mostly the processor's share of it. nil: takes no time.
        package var copy: Bytes?

        /// As Linux comes, for a machine with this much memory: background at 10 %, limit at 20 %, expiry
        /// after 30 s (kernel documentation, admin-guide/sysctl/vm.rst), half the memory for the cache.
        package init(ofMemory memory: Bytes) {
            size = Bytes(memory.count / 2)
            background = Bytes(memory.count / 10)
            limit = Bytes(memory.count / 5)
            expiry = .seconds(30)
        }

        package init(
            size: Bytes, background: Bytes, limit: Bytes, expiry: Nanoseconds, copy: Bytes? = nil
        ) {
            self.size = size
            self.background = background
            self.limit = limit
            self.expiry = expiry
            self.copy = copy
        }
    }

    package var name: String
    /// Where the figures come from, in words.
    package var source: String
    package var write: Throughput
    /// Read throughput, bytes per second.
    package var read: Bytes
    /// nil: not limited.
    package var operations: OperationRate?
    /// Requests that the device works on at once.
    package var queueDepth: Int
    /// What one request moves at most, and what is counted as one operation.
    package var requestSize: Bytes
    /// What a sync costs beyond the transfer of the file's dirty bytes.
    package var fsync: LatencyDistribution
    /// Of one read that the page cache cannot answer.
    package var readLatency: LatencyDistribution
    package var pageCache: PageCache

    package init(
        name: String, source: String, write: Throughput, read: Bytes,
        operations: OperationRate? = nil, queueDepth: Int, requestSize: Bytes,
        fsync: LatencyDistribution, readLatency: LatencyDistribution, pageCache: PageCache
    ) {
        self.name = name
        self.source = source
        self.write = write
        self.read = read
        self.operations = operations
        self.queueDepth = queueDepth
        self.requestSize = requestSize
        self.fsync = fsync
        self.readLatency = readLatency
        self.pageCache = pageCache
    }
}

extension DiskModel {
    var figures: crocks_disk_figures {
        var figures = crocks_disk_figures()
        figures.write_bytes_per_s = Double(write.sustained.count)
        figures.burst_write_bytes_per_s = Double(write.burst.count)
        figures.burst_bytes = Double(write.credit.count)
        figures.read_bytes_per_s = Double(read.count)
        figures.iops = Double(operations?.sustained ?? 0)
        figures.burst_iops = Double(operations?.burst ?? 0)
        figures.burst_ios = Double(operations?.credit ?? 0)
        figures.request_bytes = Double(requestSize.count)
        figures.queue_depth = UInt32(clamping: queueDepth)
        figures.fsync_points = Self.copy(fsync, to: &figures.fsync)
        figures.read_points = Self.copy(readLatency, to: &figures.read)
        figures.copy_bytes_per_s = Double(pageCache.copy?.count ?? 0)
        figures.cache_bytes = Double(pageCache.size.count)
        figures.dirty_background_bytes = Double(pageCache.background.count)
        figures.dirty_limit_bytes = Double(pageCache.limit.count)
        figures.dirty_expire_ns = Double(pageCache.expiry.count)
        return figures
    }

    /// A C array is a tuple to Swift. - Returns: how many points were copied.
    private static func copy<Tuple>(
        _ distribution: LatencyDistribution, to tuple: inout Tuple
    ) -> UInt32 {
        let quantiles = distribution.quantiles
        quantiles.withUnsafeBytes { from in
            withUnsafeMutableBytes(of: &tuple) { $0.copyMemory(from: from) }
        }
        return UInt32(quantiles.count)
    }
}

/// The arithmetic of a model on a clock that the caller holds: what each operation would take, without a
/// file and without waiting.
package struct DiskTimeline: ~Copyable {
    private let raw: OpaquePointer

    package init(_ model: DiskModel, seed: UInt64) {
        var figures = model.figures
        raw = crocks_disk_model_create(&figures, seed)
    }

    deinit { crocks_disk_model_destroy(raw) }

    /// - Returns: when an append that begins at `now` comes back.
    package mutating func append(
        _ bytes: Bytes, to file: UInt64, at offset: Bytes = .zero, direct: Bool = false,
        _ now: Nanoseconds
    ) -> Nanoseconds {
        moment(
            crocks_disk_model_append(
                raw, Double(now.count), file, offset.count, bytes.count, direct ? 1 : 0))
    }

    /// Asks for the write-back of a file (`sync_file_range`), which nobody waits for.
    package mutating func startWriteback(of file: UInt64, _ now: Nanoseconds) {
        crocks_disk_model_start_writeback(raw, Double(now.count), file)
    }

    package mutating func sync(_ file: UInt64, _ now: Nanoseconds) -> Nanoseconds {
        moment(crocks_disk_model_sync(raw, Double(now.count), file))
    }

    package mutating func read(
        _ bytes: Bytes, of file: UInt64, at offset: Bytes = .zero, direct: Bool = false,
        _ now: Nanoseconds
    ) -> Nanoseconds {
        moment(
            crocks_disk_model_read(
                raw, Double(now.count), file, offset.count, bytes.count, direct ? 1 : 0))
    }

    package mutating func remove(_ file: UInt64, _ now: Nanoseconds) {
        crocks_disk_model_forget(raw, Double(now.count), file)
    }

    /// Dirty bytes of all files.
    package mutating func dirty(_ now: Nanoseconds) -> Bytes {
        Bytes(UInt64(crocks_disk_model_dirty(raw, Double(now.count)).rounded()))
    }

    private func moment(_ ns: Double) -> Nanoseconds { Nanoseconds(Int64(ns.rounded())) }
}
