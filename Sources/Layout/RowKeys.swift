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
