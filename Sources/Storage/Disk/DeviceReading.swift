internal import CRocks
internal import Glibc
internal import Measure

/// Reads of a file past the page cache, where the file system allows it.
struct DeviceReading {
    var latencies: [Nanoseconds] = []
    /// Bytes per second of reads in order.
    var sequential = 0.0
    var isDirect = true

    /// - Parameter budget: for random reads, and again for reads in order.
    init(
        of path: String, for budget: Nanoseconds, _ isStopped: () -> Bool
    ) throws(DeviceProbe.Failure) {
        var file = open(path, O_RDONLY | crocks_open_direct() | O_CLOEXEC)
        if file < 0 {
            // tmpfs and some network and stacked file systems refuse O_DIRECT.
            isDirect = false
            file = open(path, O_RDONLY | O_CLOEXEC)
        }
        guard file >= 0 else { throw Self.failure(path) }
        defer { close(file) }
        let size = lseek(file, 0, SEEK_END)
        let page = Int(DeviceProbe.page.count), piece = Int(DeviceProbe.piece.count)
        guard size >= off_t(piece) else {
            throw .failed("\(path): ends early; does somebody clean this directory?")
        }
        // O_DIRECT wants memory aligned as the device's blocks are: a page is always enough.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: page)
        defer { buffer.deallocate() }

        var seed = Seed(0x7265_6164)
        let end = MonotonicTime.now() + budget
        while latencies.count < DeviceProbe.mostReads, !isStopped() {
            let at = off_t.random(in: 0..<size / off_t(page), using: &seed) * off_t(page)
            let began = MonotonicTime.now()
            guard pread(file, buffer.baseAddress, page, at) == page else { throw Self.failure(path) }
            let done = MonotonicTime.now()
            latencies.append(done - began)
            if done > end { break }
        }
        let began = MonotonicTime.now()
        var at: off_t = 0
        while at + off_t(piece) <= size, !isStopped(), MonotonicTime.now() < began + budget {
            guard pread(file, buffer.baseAddress, piece, at) == piece else {
                throw Self.failure(path)
            }
            at += off_t(piece)
        }
        if isStopped() { throw .stopped }
        sequential = Double(at) / (MonotonicTime.now() - began).seconds
    }

    private static func failure(_ path: String) -> DeviceProbe.Failure {
        .failed("\(path): cannot be read (\(String(cString: strerror(errno))))")
    }
}
