/// The decompressed bytes of one source, as a window that moves forward. Memory is that of the window,
/// however long the source is.
struct CaptureInput: ~Copyable {
    let compression: Compression
    /// `window[start..<end]` is read and not yet taken.
    private(set) var window: [UInt8]
    private(set) var start = 0
    private(set) var end = 0
    /// Where `start` is in the decompressed file.
    private(set) var offset = 0

    /// TLS secrets that were met on the way, in NSS key-log format; to be taken by whoever reads on.
    private(set) var secrets: [UInt8] = []

    private var source: ByteSource
    private var gzip: GzipDecoder?
    private var zstd: ZstdDecoder?
    /// Bytes as they are on disk; unused without compression.
    private var packed: [UInt8]
    private var packedStart = 0
    private var packedEnd = 0
    /// Decompressed bytes so far.
    private var produced = 0
    /// Whether the compressed data may end where they are.
    private var complete = true
    /// The decoder had no room for everything it holds: ask it again before giving it more.
    private var heldBack = false
    private var ended = false

    private static let windowSize = 1 << 18
    private static let packedSize = 1 << 16
    private static let leastSize = 1 << 12
    /// Beyond so many bytes, data that become more than a thousandfold are a bomb and no capture: the
    /// headers of frames alone differ more than that.
    private static let bomb = (from: 16 << 20, factor: 1_000)

    /// - Parameter path: `-` is standard input.
    init(path: String) throws(CaptureError) { try self.init(try ByteSource(path: path)) }

    init(_ bytes: [UInt8], name: String) throws(CaptureError) {
        try self.init(ByteSource(bytes, name: name))
    }

    private init(_ opened: consuming ByteSource) throws(CaptureError) {
        // Small files have small windows.
        let least = max(Self.leastSize, opened.length ?? .max)
        var head = [UInt8](repeating: 0, count: min(Self.packedSize, least))
        var length = 0
        // A pipe may give its first bytes one by one.
        while length < Compression.headLength {
            let count = try opened.read(into: &head, from: length)
            if count == 0 { break }
            length += count
        }
        compression = Compression(head: Array(head.prefix(min(length, Compression.headLength))))
        source = opened
        let size = compression == .none ? min(Self.windowSize, least) : Self.windowSize
        window = [UInt8](repeating: 0, count: size)
        packed = []
        switch compression {
        case .none:
            window.replaceSubrange(0..<length, with: head[..<length])
            end = length
            return
        case .gzip: gzip = GzipDecoder()
        case .zstd: zstd = ZstdDecoder()
        }
        (packed, packedEnd, complete) = (head, length, false)
    }

    /// As messages call it.
    var path: String { source.name }
    /// Whether it can be closed and read again.
    var canReopen: Bool { source.canReopen }
    /// Bytes read so far, as they are on disk.
    var bytesRead: Int { source.position }
    var available: Int { end - start }

    /// The first decompressed bytes, at most eight, which stay where they are.
    mutating func head() throws(CaptureError) -> [UInt8] {
        _ = try fill(8)
        return Array(window[start..<min(end, start + 8)])
    }

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
            let count = compression == .none ? try readPlain() : try readPacked()
            if count == 0, ended { return false }
        }
        return true
    }

    /// - Precondition: `count` bytes are in the window.
    mutating func take(_ count: Int) {
        precondition(count <= available)
        start += count
        offset += count
    }

    /// What is too much for any recording is left out.
    mutating func keep(secrets new: RawSpan) {
        guard secrets.count + new.byteCount <= largestFrame else { return }
        new.withUnsafeBytes { secrets.append(contentsOf: $0) }
    }

    mutating func takeSecrets() -> [UInt8] {
        defer { secrets = [] }
        return secrets
    }

    private mutating func moveToFront() {
        window.withUnsafeMutableBytes { bytes in
            let rest = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            bytes.copyMemory(from: rest)
        }
        end -= start
        start = 0
    }

    private mutating func readPlain() throws(CaptureError) -> Int {
        let count = try source.read(into: &window, from: end)
        ended = count == 0
        end += count
        return count
    }

    private mutating func readPacked() throws(CaptureError) -> Int {
        if packedStart == packedEnd, !heldBack {
            packedStart = 0
            packedEnd = try source.read(into: &packed, from: 0)
        }
        guard packedEnd > 0 || heldBack else {
            guard complete else {
                throw .cutCompression(
                    path: path, method: compression.rawValue, offset: source.position)
            }
            ended = true
            return 0
        }
        let step = try decode()
        guard step.consumed + step.produced > 0 || packedStart == packedEnd else {
            throw damaged("no progress")
        }
        packedStart += step.consumed
        end += step.produced
        produced += step.produced
        complete = step.complete
        heldBack = !step.complete && end == window.count
        if produced > Self.bomb.from, produced / Self.bomb.factor > source.position {
            throw damaged("they become more than a thousand times as long, as no capture does")
        }
        return step.produced
    }

    private func damaged(_ why: String) -> CaptureError {
        .damagedCompression(
            path: path, method: compression.rawValue, offset: source.position, why: why)
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
        } catch { throw damaged(error.why) }
    }
}

extension ByteSource {
    /// Reads into `bytes[start...]`, at most as much as there is room for.
    fileprivate mutating func read(
        into bytes: inout [UInt8], from start: Int
    ) throws(CaptureError) -> Int {
        try bytes.withUnsafeMutableBufferPointer { (bytes) throws(CaptureError) in
            let rest = UnsafeMutableBufferPointer(rebasing: bytes[start...])
            return try read(into: UnsafeMutableRawBufferPointer(rest))
        }
    }
}
