internal import Foundation
package import Measure

/// Measures the device under a directory, with bounds in time and bytes, and leaves nothing behind.
package struct DeviceProbe {
    package enum Failure: Error, CustomStringConvertible {
        case noDirectory(String)
        case noSpace(String, free: Bytes, needed: Bytes)
        case failed(String)
        case stopped

        package var description: String {
            switch self {
            case .noDirectory(let path):
                "\(path): is not a directory; name the one whose device is to be measured"
            case .noSpace(let path, let free, let needed):
                "\(path): \(free) are free and a probe wants \(needed), so that it never fills a disk; "
                    + "free some space or name another directory"
            case .failed(let sentence): sentence
            case .stopped: "stopped; nothing is left behind"
            }
        }
    }

    /// What is measured through the file system of an engine: the real device's, or a modelled one's.
    package struct Writing {
        package var syncs: [Nanoseconds] = []
        /// Bytes per second; see `DeviceMeasurement`.
        package var sequential = 0.0
        package var transfer = 0.0
        package var copy = 0.0
        package var small = 0.0
        package var written = Bytes.zero
    }

    let directory: String
    /// The whole probe takes about so long; each part is given its share.
    let budget: Nanoseconds
    let progress: (String) -> Void
    let isStopped: () -> Bool

    /// At most this much is written in one piece and stays until the end. Larger than the write caches of
    /// most devices would take too long on slow ones: the time is the tighter bound there.
    static let most = Bytes.mib(512)
    /// Synced at once: large beside one sync's fixed cost, small beside what the kernel writes back unasked.
    static let window = Bytes.mib(64)
    static let firstWindow = Bytes.mib(4)
    static let piece = Bytes.mib(1)
    static let page = Bytes.kib(4)
    static let mostSyncs = 5_000
    static let mostReads = 5_000

    /// - Parameters:
    ///   - seconds: how long it may take, about.
    ///   - progress: one line for each part, as it begins.
    ///   - isStopped: asked between any two operations.
    package init(
        directory: String, seconds: Int, progress: @escaping (String) -> Void,
        isStopped: @escaping () -> Bool
    ) {
        precondition(seconds > 0)
        self.directory = directory
        budget = .seconds(Double(seconds))
        self.progress = progress
        self.isStopped = isStopped
    }

    package func run() throws(Failure) -> DeviceMeasurement {
        let began = MonotonicTime.now()
        let (real, mount) = try inspect()
        return try withScratch { scratch throws(Failure) in
            let engine = RocksEngine()
            var writing = try write(on: engine, in: scratch)
            writing.small = try smallWrites(on: engine, in: scratch, counting: &writing.written)
            progress("reading")
            let reading = try DeviceReading(
                of: Self.largeFile(in: scratch), for: budget / 10, isStopped)
            return DeviceMeasurement(
                directory: real, mount: mount, syncs: writing.syncs,
                sequential: writing.sequential, transfer: writing.transfer, copy: writing.copy,
                small: writing.small,
                reads: reading.latencies, sequentialRead: reading.sequential,
                readsAreDirect: reading.isDirect, written: writing.written,
                elapsed: MonotonicTime.now() - began)
        }
    }

    /// What can be compared between a device and its model: syncs, and appends in order.
    package func write(on engine: RocksEngine, in scratch: String) throws(Failure) -> Writing {
        var result = Writing()
        do throws(RocksError) {
            progress("syncing small appends")
            try sync(on: engine, in: scratch, into: &result)
            if !isStopped() {
                progress("writing in order")
                try sequential(on: engine, in: scratch, into: &result)
            }
        } catch { throw failure(error) }
        if isStopped() { throw .stopped }
        return result
    }

    /// A folder in the directory for the time of `body`.
    package func withScratch<Result>(
        _ body: (String) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let scratch = directory + "/.dstune-probe-\(getpid())"
        guard mkdir(scratch, 0o700) == 0 else {
            throw .failed(
                "\(scratch): cannot be made (\(String(cString: strerror(errno)))); "
                    + "name a directory that you may write to")
        }
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        return try body(scratch)
    }

    /// - Returns: the directory without links, and what it is mounted on.
    package func inspect() throws(Failure) -> (path: String, mount: MountPoint) {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory),
            isDirectory.boolValue
        else { throw .noDirectory(directory) }
        let real = URL(fileURLWithPath: directory).resolvingSymlinksInPath().path
        var info = statvfs()
        let table = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        guard statvfs(real, &info) == 0, let mount = MountPoint(of: real, in: table ?? "") else {
            throw .failed("\(directory): the kernel does not say what it is mounted on")
        }
        let free = Bytes(UInt64(info.f_bavail) * UInt64(info.f_frsize))
        // Twice what is written: a disk that gets full under a probe would stop a broker beside it.
        let needed = Bytes(Self.most.count * 2)
        guard free >= needed else { throw .noSpace(directory, free: free, needed: needed) }
        return (real, mount)
    }

    private static func largeFile(in scratch: String) -> String { scratch + "/large" }

    private func sync(
        on engine: RocksEngine, in scratch: String, into result: inout Writing
    ) throws(RocksError) {
        let path = scratch + "/small"
        var file = try AppendFile(creating: path, on: engine)
        let bytes = Self.noise(Self.page)
        let end = MonotonicTime.now() + budget / 3
        while result.syncs.count < Self.mostSyncs, !isStopped() {
            let began = MonotonicTime.now()
            try file.append(bytes)
            try file.sync()
            let done = MonotonicTime.now()
            result.syncs.append(done - began)
            if done > end { break }
        }
        result.written += file.size
        try engine.remove(path)
    }

    private func sequential(
        on engine: RocksEngine, in scratch: String, into result: inout Writing
    ) throws(RocksError) {
        var file = try AppendFile(creating: Self.largeFile(in: scratch), on: engine)
        let bytes = Self.noise(Self.piece)
        let began = MonotonicTime.now()
        let end = began + budget / 3
        var syncing = Nanoseconds.zero
        var windows = 0
        // Small, until it is known that the device is fast enough for a large one.
        var window = Self.firstWindow
        while file.size < Self.most, !isStopped() {
            let target = Bytes(file.size.count + window.count)
            while file.size < target, !isStopped() { try file.append(bytes) }
            let from = MonotonicTime.now()
            try file.sync()
            let now = MonotonicTime.now()
            syncing = syncing + (now - from)
            windows += 1
            if now > end { break }
            let rate = Double(window.count) / (now - from).seconds
            if Double(Self.window.count) / rate < (end - now).seconds { window = Self.window }
        }
        let total = MonotonicTime.now() - began
        result.written += file.size
        result.sequential = Double(file.size.count) / total.seconds
        result.copy = Double(file.size.count) / (total - syncing).seconds
        // Each sync costs its fixed part as well, which the model adds again. Where that is all there is, as
        // in memory, the device is not the limit, and copying is.
        let fixed = LatencyDistribution(measured: result.syncs).time(at: 0.5) ?? .zero
        let moving = syncing.seconds - fixed.seconds * Double(windows)
        result.transfer = moving > 0 ? Double(file.size.count) / moving : result.sequential
    }

    private func smallWrites(
        on engine: RocksEngine, in scratch: String, counting written: inout Bytes
    ) throws(Failure) -> Double {
        progress("writing small appends")
        do throws(RocksError) {
            let path = scratch + "/appends"
            var file = try AppendFile(creating: path, on: engine)
            let bytes = Self.noise(Self.page)
            let began = MonotonicTime.now()
            let end = began + budget / 10
            while file.size < Self.window, !isStopped(), MonotonicTime.now() < end {
                try file.append(bytes)
            }
            try file.sync()
            let rate = Double(file.size.count) / (MonotonicTime.now() - began).seconds
            written += file.size
            try engine.remove(path)
            return rate
        } catch { throw failure(error) }
    }

    private func failure(_ error: RocksError) -> Failure {
        .failed("\(directory): the probe failed (\(error)); is there space, and a healthy disk?")
    }

    /// Bytes that no device or file system can compress.
    private static func noise(_ size: Bytes) -> [UInt8] {
        var seed = Seed(0x6473_7475_6E65)
        return (0..<Int(size.count)).map { _ in UInt8(truncatingIfNeeded: seed.next()) }
    }
}
