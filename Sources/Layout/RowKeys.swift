/// The keys of the data column family. Big-endian throughout, so that the messages of a stream are in
/// order of time, and after them, by level and hash, its index rows.
extension [UInt8] {
    /// Bytes of the key of a message.
    package static let dataKeySize = 18
    /// Bytes of a key of the index of one varying level.
    package static let indexKeySize = 26

    /// - Parameter timestamp: microseconds since 1970, unique in the shard.
    package mutating func appendDataKey(_ stream: StreamID, timestamp: UInt64) {
        append(eight: stream.rawValue)
        append(two: 0)
        append(eight: timestamp)
    }

    /// - Parameters:
    ///   - level: the position among the varying levels of the stream, from 1.
    ///   - timestamp: microseconds since 1970, as in the key of the message.
    package mutating func appendIndexKey(
        _ stream: StreamID, level: Int, token: TokenHash, timestamp: UInt64
    ) {
        precondition(level >= 1)
        append(eight: stream.rawValue)
        append(two: UInt16(level))
        append(eight: token.rawValue)
        append(eight: timestamp)
    }
}

/// The key of a message, read back.
package struct DataKey: Equatable, Sendable {
    package let stream: StreamID
    /// Microseconds since 1970.
    package let timestamp: UInt64

    /// - Returns: nil when `key` is not the key of a message.
    package init?(reading key: RawSpan) {
        guard key.byteCount == [UInt8].dataKeySize, key.bigEndian(UInt16.self, at: 8) == 0 else {
            return nil
        }
        stream = StreamID(rawValue: key.bigEndian(UInt64.self, at: 0))
        timestamp = key.bigEndian(UInt64.self, at: 10)
    }
}

/// A key of the index of one varying level, read back.
package struct IndexKey: Equatable, Sendable {
    package let stream: StreamID
    /// The position among the varying levels of the stream, from 1.
    package let level: Int
    package let token: TokenHash
    /// Microseconds since 1970, as in the key of the message.
    package let timestamp: UInt64

    /// - Returns: nil when `key` is not a key of an index.
    package init?(reading key: RawSpan) {
        guard key.byteCount == [UInt8].indexKeySize else { return nil }
        level = Int(key.bigEndian(UInt16.self, at: 8))
        guard level > 0 else { return nil }
        stream = StreamID(rawValue: key.bigEndian(UInt64.self, at: 0))
        token = TokenHash(rawValue: key.bigEndian(UInt64.self, at: 10))
        timestamp = key.bigEndian(UInt64.self, at: 18)
    }
}

extension RawSpan {
    fileprivate func bigEndian<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type, at offset: Int
    ) -> Value {
        Value(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }
}
