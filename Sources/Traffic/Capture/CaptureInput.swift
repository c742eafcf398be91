internal import Glibc

/// The decompressed bytes of one capture file, as a window that moves forward. Memory is that of the
/// window, however long the file is.
struct CaptureInput: ~Copyable {
    let path: String
    let compression: Compression
    /// Size of the file on disk, in bytes.
    private(set) var fileSize = 0
    /// `window[start..<end]` is read and not yet taken.
    private(set) var window: [UInt8]
    private(set) var start = 0
    private(set) var end = 0
    /// Where `start` is in the decompressed file.
    private(set) var offset = 0

    private let file: Int32
    private var gzip: GzipDecoder?
    private var zstd: ZstdDecoder?
    /// Bytes as they are on disk; unused without compression.
    private var packed: [UInt8] = []
    private var packedStart = 0
    private var packedEnd = 0
    private var packedOffset = 0
    /// Whether the compressed data may end where they are.
    private var complete = true
    /// The decoder had no room for everything it holds: ask it again before giving it more.
    private var heldBack = false
    private var ended = false

    private static let windowSize = 1 << 18
    private static let packedSize = 1 << 16

    init(path: String) throws(CaptureError) {
        self.path = path
        file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .unreadable(path: path, errno: errno) }
        var head = [UInt8](repeating: 0, count: 4)
        let length = pread(file, &head, 4, 0)
        guard length >= 0 else {
            let code = errno
            close(file)
            throw .unreadable(path: path, errno: code)
        }
        compression = Compression(head: Array(head.prefix(length)))
        window = [UInt8](repeating: 0, count: Self.windowSize)
        var status = stat()
        if fstat(file, &status) == 0 { fileSize = Int(status.st_size) }
        switch compression {
        case .none: return
        case .gzip: gzip = GzipDecoder()
        case .zstd: zstd = ZstdDecoder()
        }
        packed = [UInt8](repeating: 0, count: Self.packedSize)
        complete = false
    }

    deinit { close(file) }

    var available: Int { end - start }

    /// Reads on until `count` bytes are in the window.
    /// - Returns: false if the file ends before; what there is stays in the window.
    mutating func fill(_ count: Int) throws(CaptureError) -> Bool {
        if available >= count { return true }
        if start > 0 { moveToFront() }
        while available < count {
            // Grows with what is there, not with what a damaged length claims.
            if end == window.count {
                window.append(
                    contentsOf: repeatElement(0, count: min(window.count, count - window.count)))
            }
            let produced = compression == .none ? try readPlain() : try readPacked()
            if produced == 0, ended { return false }
        }
        return true
    }

    /// - Precondition: `count` bytes are in the window.
    mutating func take(_ count: Int) {
        precondition(count <= available)
        start += count
        offset += count
    }

    /// Leaves out `count` bytes that need not be in the window at once.
    /// - Returns: false if the file ends before.
    mutating func skip(_ count: Int) throws(CaptureError) -> Bool {
        var rest = count
        while rest > 0 {
            guard try fill(1) else { return false }
            let part = min(rest, available)
            take(part)
            rest -= part
        }
        return true
    }

    private mutating func moveToFront() {
        window.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            memmove(base, base + start, end - start)
        }
        end -= start
        start = 0
    }

    private mutating func readPlain() throws(CaptureError) -> Int {
        let (from, handle) = (end, file)
        let length = window.withUnsafeMutableBytes {
            read(handle, $0.baseAddress.map { $0 + from }, $0.count - from)
        }
        guard length >= 0 else {
            if errno == EINTR { return 0 }
            throw .unreadable(path: path, errno: errno)
        }
        ended = length == 0
        end += length
        return length
    }

    private mutating func readPacked() throws(CaptureError) -> Int {
        if packedStart == packedEnd, !heldBack {
            packedStart = 0
            packedEnd = read(file, &packed, packed.count)
            guard packedEnd >= 0 else { throw .unreadable(path: path, errno: errno) }
            packedOffset += packedEnd
        }
        guard packedEnd > 0 || heldBack else {
            guard complete else {
                throw .cutCompression(
                    path: path, method: compression.rawValue, offset: packedOffset)
            }
            ended = true
            return 0
        }
        let step = try decode()
        guard step.consumed + step.produced > 0 || packedStart == packedEnd else {
            throw .damagedCompression(
                path: path, method: compression.rawValue, offset: packedOffset,
                why: "no progress")
        }
        packedStart += step.consumed
        end += step.produced
        complete = step.complete
        heldBack = !step.complete && end == window.count
        return step.produced
    }

    private mutating func decode() throws(CaptureError) -> DecodingStep {
        let (input, output) = (packedStart..<packedEnd, end..<window.count)
        do throws(DecodingFault) {
            return try window.withUnsafeMutableBufferPointer { (window) throws(DecodingFault) in
                try packed.withUnsafeBufferPointer { (packed) throws(DecodingFault) in
                    let from = UnsafeBufferPointer(rebasing: packed[input])
                    let to = UnsafeMutableBufferPointer(rebasing: window[output])
                    if let step = try gzip?.decode(from, into: to) { return step }
                    if let step = try zstd?.decode(from, into: to) { return step }
                    preconditionFailure("compressed without a decoder")
                }
            }
        } catch {
            throw .damagedCompression(
                path: path, method: compression.rawValue, offset: packedOffset, why: error.why)
        }
    }
}
