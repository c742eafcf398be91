internal import CSnappy
internal import CZstd

/// How small bytes become in the blocks of RocksDB's tables.
package enum BlockCompression {
    /// RocksDB's `block_size` as EMQX leaves it (reference 2.2).
    static let block = 4 << 10

    /// Sum of the compressed blocks, each at most as long as it was: RocksDB keeps a block as it is if
    /// compressing it does not pay.
    package static func snappy(_ bytes: [UInt8]) -> Int {
        sum(bytes, bound: snappy_max_compressed_length) { input, output, capacity in
            var length = capacity
            let status = snappy_compress(
                input.baseAddress?.assumingMemoryBound(to: CChar.self), input.count,
                output.assumingMemoryBound(to: CChar.self), &length)
            return status == SNAPPY_OK ? length : input.count
        }
    }

    /// At zstd's own standard level, 3.
    package static func zstd(_ bytes: [UInt8]) -> Int {
        sum(bytes, bound: ZSTD_compressBound) { input, output, capacity in
            let length = ZSTD_compress(output, capacity, input.baseAddress, input.count, 3)
            return ZSTD_isError(length) == 0 ? length : input.count
        }
    }

    private static func sum(
        _ bytes: [UInt8], bound: (Int) -> Int,
        _ compress: (UnsafeRawBufferPointer, UnsafeMutableRawPointer, Int) -> Int
    ) -> Int {
        guard !bytes.isEmpty else { return 0 }
        let capacity = bound(block)
        return withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 16) { output in
            guard let out = output.baseAddress else { return bytes.count }
            return bytes.withUnsafeBytes { all in
                stride(from: 0, to: all.count, by: block).reduce(0) { sum, start in
                    let end = min(all.count, start + block)
                    let input = UnsafeRawBufferPointer(rebasing: all[start..<end])
                    return sum + min(input.count, compress(input, out, capacity))
                }
            }
        }
    }
}
