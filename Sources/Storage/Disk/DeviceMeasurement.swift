package import Measure

/// What a probe found out about the device under a directory.
package struct DeviceMeasurement: Sendable {
    package var directory: String
    package var mount: MountPoint
    /// A small append and its `fdatasync`.
    package var syncs: [Nanoseconds]
    /// Bytes per second of buffered appends, the syncs between them included: what a writer sees.
    package var sequential: Double
    /// Bytes per second while a sync writes them back: what the device takes.
    package var transfer: Double
    /// Bytes per second of those appends alone: copying into the page cache.
    package var copy: Double
    /// Bytes per second of 4 KiB appends with one sync at the end: mostly the price of the system call.
    package var small: Double
    /// Of 4 KiB reads.
    package var reads: [Nanoseconds]
    /// Bytes per second of reads in order.
    package var sequentialRead: Double
    /// Whether reads went past the page cache (O_DIRECT); if not, they only say what memory does.
    package var readsAreDirect: Bool
    package var written: Bytes
    package var elapsed: Nanoseconds

    package var fsync: LatencyDistribution { LatencyDistribution(measured: syncs) }
    package var readLatency: LatencyDistribution { LatencyDistribution(measured: reads) }

    /// The model that behaves like the measured device. Bursts and limits on operations do not show in some
    /// seconds; the queue is the kernel's.
    package func model(name: String, pageCache: DiskModel.PageCache) -> DiskModel {
        let rate = Bytes(UInt64(max(1, transfer)))
        var pageCache = pageCache
        pageCache.copy = Bytes(UInt64(max(1, copy)))
        return DiskModel(
            name: name,
            source: "dstune probe \(directory): \(mount.type) on \(mount.source), "
                + "\(syncs.count) syncs, \(written) written in \(Int(elapsed.seconds.rounded())) s",
            write: DiskModel.Throughput(sustained: rate),
            read: Bytes(UInt64(max(1, sequentialRead))),
            queueDepth: mount.queueFigure("nr_requests") ?? Self.assumedQueue,
            requestSize: mount.queueFigure("max_sectors_kb").map { .kib(UInt64($0)) }
                ?? Self.assumedRequest,
            fsync: fsync, readLatency: readLatency, pageCache: pageCache)
    }

    /// Where the kernel tells of no queue: the depth of SATA's (NCQ, 32 commands), and a request as Linux
    /// makes it for most devices.
    static let assumedQueue = 32
    static let assumedRequest = Bytes.kib(512)
}

/// Whether a sync that comes back so fast can have reached something that keeps its bytes without power.
package enum SyncHonesty: String, Sendable, Codable {
    /// No device was waited for.
    case tooFast = "too_fast"
    /// Only a write cache that is protected against power loss can be so fast.
    case needsProtection = "needs_power_loss_protection"
    case plausible

    /// A write that extends a file, and its flush, need at least one command to the device and back. The
    /// fastest that data sheets claim for one such write is 13 to 15 us (Solidigm D7-P5810, which has
    /// capacitors), to which the kernel's path and the file system's journal come on top.
    static let oneCommand = Nanoseconds.microseconds(20)
    /// Without capacitors the flush has to program flash cells, which takes some hundreds of microseconds a
    /// page (three bits a cell); drives without protection were measured at 0.9 ms and more, those with it at
    /// 12 to 58 us (smalldatum.blogspot.com, January 2026, fsync of 16 KB writes).
    static let oneProgram = Nanoseconds.microseconds(200)

    package init(median: Nanoseconds) {
        switch median {
        case ..<Self.oneCommand: self = .tooFast
        case ..<Self.oneProgram: self = .needsProtection
        default: self = .plausible
        }
    }

    package var sentence: String {
        switch self {
        case .tooFast:
            "an fdatasync under \(Self.oneCommand.count / 1_000) us cannot have waited for a device: "
                + "memory, the hypervisor or a cache answers, and a power loss may lose what was synced"
        case .needsProtection:
            "an fdatasync under \(Self.oneProgram.count / 1_000) us has not waited for flash cells: the "
                + "device or the hypervisor answers from a cache; it is honest only if that cache keeps "
                + "its bytes without power (capacitors, a battery)"
        case .plausible:
            "slow enough to have reached the medium; whether it did, only a power loss shows"
        }
    }
}
