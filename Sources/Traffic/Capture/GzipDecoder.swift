internal import CZlib

/// Inflates gzip data of one or more members, as `cat a.gz b.gz` makes them.
struct GzipDecoder: ~Copyable {
    /// zlib compares the address it was initialised with, so the stream may not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private var betweenMembers = false

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 is the largest window, 16 more say that there is a gzip header.
        let code = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(code == Z_OK, "zlib could not be initialised")
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    mutating func decode(
        _ input: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
    ) throws(DecodingFault) -> DecodingStep {
        if betweenMembers, let first = input.first {
            // What follows the last member is padding of a tape or a block device: gzip ignores it too.
            guard first == 0x1F else {
                return DecodingStep(consumed: input.count, produced: 0, complete: true)
            }
            inflateReset(stream)
            betweenMembers = false
        }
        // zlib takes a mutable pointer and never writes through it.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.baseAddress
        stream.pointee.avail_out = UInt32(output.count)
        let code = inflate(stream, Z_NO_FLUSH)
        switch code {
        case Z_STREAM_END: betweenMembers = true
        case Z_OK, Z_BUF_ERROR: break
        default:
            throw DecodingFault(
                why: stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(code)")
        }
        return DecodingStep(
            consumed: input.count - Int(stream.pointee.avail_in),
            produced: output.count - Int(stream.pointee.avail_out), complete: betweenMembers)
    }
}
