/// How long a write-ahead log of RocksDB is: what its batches and records add to keys and values.
///
/// From the formats in RocksDB 7.8.3: db/write_batch.cc (a batch begins with twelve bytes of sequence and
/// count; a put has a tag, the number of its column family where that is not 0, and both lengths as variable
/// integers) and db/log_format.h (blocks of 32 KiB; each piece of a record has a header of seven bytes, and
/// the last six bytes of a block are never begun).
package struct LogFraming {
    private static let block = 32 << 10
    private static let pieceHeader = 7
    package static let batchHeader = 12

    /// Bytes of the file so far.
    package private(set) var bytes = 0

    package init() {}

    /// Appends one batch of this length, its header included.
    package mutating func append(_ batch: Int) {
        var rest = batch
        repeat {
            let left = Self.block - bytes % Self.block
            if left < Self.pieceHeader { bytes += left }
            let room = Self.block - bytes % Self.block - Self.pieceHeader
            let piece = min(rest, room)
            bytes += Self.pieceHeader + piece
            rest -= piece
        } while rest > 0
    }

    /// Bytes of a put in a batch.
    /// - Parameter family: number of the column family.
    package static func put(key: Int, value: Int, family: Int) -> Int {
        1 + (family == 0 ? 0 : variable(family)) + variable(key) + key + variable(value) + value
    }

    /// Seven bits in each byte.
    private static func variable(_ number: Int) -> Int {
        var (size, rest) = (1, number >> 7)
        while rest > 0 {
            size += 1
            rest >>= 7
        }
        return size
    }
}
