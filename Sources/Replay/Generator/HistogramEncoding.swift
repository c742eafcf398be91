internal import CZlib
internal import Foundation
internal import Measure

/// A histogram as HdrHistogram's tools read it: the V2 compressed encoding (HdrHistogram.java,
/// `encodeIntoCompressedByteBuffer`) in base 64.
enum HistogramEncoding {
    static func base64(_ histogram: LatencyHistogram) -> String {
        let encoded = encode(histogram)
        let compressed = deflate(encoded)
        var bytes: [UInt8] = []
        bytes.append(bigEndian: compressedCookie)
        bytes.append(bigEndian: UInt32(compressed.count))
        bytes += compressed
        return Data(bytes).base64EncodedString()
    }

    /// Of the second version, with words of up to nine bytes.
    private static let cookie: UInt32 = 0x1C84_9313
    private static let compressedCookie: UInt32 = 0x1C84_9314
    /// Counts of equal width in each power of two at three significant digits: 2 · 10³, rounded up to a power of two.
    private static let (subBuckets, halfMagnitude) = (2_048, 10)

    private static func encode(_ histogram: LatencyHistogram) -> [UInt8] {
        var counts: [UInt8] = []
        var next = 0
        for bucket in histogram.buckets {
            let index = index(of: UInt64(bucket.value.count))
            let zeros = index - next
            // A run of empty buckets is its negated length; a single one is a zero.
            if zeros > 0 { counts.append(zigZag: zeros == 1 ? 0 : -Int64(zeros)) }
            counts.append(zigZag: Int64(bucket.count))
            next = index + 1
        }
        var bytes: [UInt8] = []
        bytes.append(bigEndian: cookie)
        bytes.append(bigEndian: UInt32(counts.count))
        bytes.append(bigEndian: UInt32(0))  // normalizing index offset
        bytes.append(bigEndian: UInt32(LatencyHistogram.significantDigits))
        bytes.append(bigEndian: UInt64(1))  // lowest discernible value
        bytes.append(bigEndian: UInt64(LatencyHistogram.largestValue.count))
        bytes.append(bigEndian: (1.0).bitPattern)  // conversion ratio of values
        return bytes + counts
    }

    /// Where a value is counted (`countsArrayIndex` there).
    private static func index(of value: UInt64) -> Int {
        let bucket =
            UInt64.bitWidth - 1 - halfMagnitude
            - (value | UInt64(subBuckets - 1)).leadingZeroBitCount
        let subBucket = Int(value >> UInt64(bucket))
        return ((bucket + 1) << halfMagnitude) + subBucket - subBuckets / 2
    }

    private static func deflate(_ bytes: [UInt8]) -> [UInt8] {
        var length = compressBound(uLong(bytes.count))
        var compressed = [UInt8](repeating: 0, count: Int(length))
        let status = compress2(
            &compressed, &length, bytes, uLong(bytes.count), Z_DEFAULT_COMPRESSION)
        precondition(status == Z_OK, "compressBound is room enough")
        return Array(compressed.prefix(Int(length)))
    }
}

extension [UInt8] {
    fileprivate mutating func append<Word: FixedWidthInteger>(bigEndian word: Word) {
        Swift.withUnsafeBytes(of: word.bigEndian) { append(contentsOf: $0) }
    }

    /// LEB128 of the ZigZag form, whose ninth byte holds eight bits (ZigZagEncoding.java, `putLong`).
    fileprivate mutating func append(zigZag value: Int64) {
        var rest = UInt64(bitPattern: value << 1 ^ value >> 63)
        for _ in 0..<8 {
            guard rest >= 0x80 else { return append(UInt8(rest)) }
            append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }
}
