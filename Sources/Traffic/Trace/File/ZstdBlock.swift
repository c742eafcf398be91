internal import CZstd

/// Compresses the contents of blocks, one zstd frame each.
final class ZstdCompressor {
    private let context: OpaquePointer
    private var packed: [UInt8] = []

    /// Zstandard's own default: traffic shrinks to a fifth at hundreds of MB/s.
    private static let level: Int32 = 3

    init() {
        guard let context = ZSTD_createCCtx() else { preconditionFailure("out of memory") }
        self.context = context
    }

    deinit { ZSTD_freeCCtx(context) }

    /// Calls `body` with the compressed bytes, which are overwritten by the next call.
    func compress<Result, Failure: Error>(
        _ plain: [UInt8], _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let bound = ZSTD_compressBound(plain.count)
        if packed.count < bound { packed = [UInt8](repeating: 0, count: bound) }
        let size = ZSTD_compressCCtx(
            context, &packed, packed.count, plain, plain.count, Self.level)
        precondition(ZSTD_isError(size) == 0, "there was room for whatever comes out")
        // Taken out, so that nobody else can change it meanwhile.
        var bytes: [UInt8] = []
        swap(&bytes, &packed)
        defer { swap(&bytes, &packed) }
        return try body(bytes.span.bytes.extracting(first: size))
    }
}

/// Decompresses them.
final class ZstdDecompressor {
    private let context: OpaquePointer

    init() {
        guard let context = ZSTD_createDCtx() else { preconditionFailure("out of memory") }
        self.context = context
    }

    deinit { ZSTD_freeDCtx(context) }

    /// - Parameter plain: gets exactly `length` bytes at its beginning; grows if it has to.
    func decompress(_ packed: RawSpan, into plain: inout [UInt8], length: Int) throws(BlockFault) {
        if plain.count < length {
            plain.append(contentsOf: repeatElement(0, count: length - plain.count))
        }
        let size = packed.withUnsafeBytes { packed in
            ZSTD_decompressDCtx(context, &plain, length, packed.baseAddress, packed.count)
        }
        guard ZSTD_isError(size) == 0 else {
            throw BlockFault(
                why: "a block cannot be decompressed (\(String(cString: ZSTD_getErrorName(size))))")
        }
        guard size == length else {
            throw BlockFault(why: "a block holds \(size) bytes and says \(length)")
        }
    }
}
