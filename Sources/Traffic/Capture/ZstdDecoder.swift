internal import CZstd

/// Decodes zstd data of one or more frames. The window is limited by the library to 128 MiB.
struct ZstdDecoder: ~Copyable {
    private let stream: OpaquePointer

    init() {
        guard let stream = ZSTD_createDStream() else { preconditionFailure("out of memory") }
        self.stream = stream
    }

    deinit { ZSTD_freeDStream(stream) }

    mutating func decode(
        _ input: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
    ) throws(DecodingFault) -> DecodingStep {
        var from = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var to = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let wanted = ZSTD_decompressStream(stream, &to, &from)
        guard ZSTD_isError(wanted) == 0 else {
            throw DecodingFault(why: String(cString: ZSTD_getErrorName(wanted)))
        }
        return DecodingStep(consumed: from.pos, produced: to.pos, complete: wanted == 0)
    }
}
