/// The keys of the data column family. Big-endian throughout, so that the messages of a stream are in
/// order of time, and after them, by level and hash, its index rows.
extension [UInt8] {
    /// Bytes that every key of a message begins with: all of it in `KeyScheme.skipstream`.
    package static let dataKeySize = 18
    /// Bytes that every key of the index of one varying level begins with.
    package static let indexKeySize = 26

    /// The key of a message in `KeyScheme.skipstream`; in both schemes the least key that a message of this
    /// stream and time can have, and so where to begin to read.
    ///
    /// - Parameter timestamp: microseconds since 1970, unique in the shard.
    package mutating func appendDataKey(_ stream: StreamID, timestamp: UInt64) {
        append(eight: stream.rawValue)
        append(two: 0)
        append(eight: timestamp)
    }

    /// The key of an index row in `KeyScheme.skipstream`; in both schemes the least such key.
    ///
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

    /// Ends a key of `KeyScheme.skipstreamV2`: the tokens of the varying levels.
    ///
    /// - Parameter varying: from `TopicTrie.find`; ranges in `topic`.
    package mutating func appendWords(_ varying: [Range<Int>], of topic: RawSpan) {
        // A topic of 65,535 bytes has fewer levels than one more than that; lists of 16,384 are in fragments.
        var first = 0
        while let size = append(lengthOf: varying.count - first) {
            for token in varying[first..<first + size] { append(octets: topic.extracting(token)) }
            first += size
        }
        for token in varying[first...] { append(octets: topic.extracting(token)) }
    }
}

/// A key of the data column family, taken apart.
package struct DataKey: Equatable, Sendable {
    package let stream: StreamID
    /// 0 in the key of a message; in an index row the position among the varying levels, from 1.
    package let level: Int
    /// What an index row is found by; nil in the key of a message.
    package let token: TokenHash?
    /// Microseconds since 1970.
    package let timestamp: UInt64
    /// Where the words of the varying levels are in the key; empty in `KeyScheme.skipstream`.
    package let words: Range<Int>

    /// - Returns: nil if `key` is none that `scheme` makes. What the words say is not looked at.
    package init?(_ key: RawSpan, _ scheme: KeyScheme) {
        guard key.byteCount >= [UInt8].dataKeySize else { return nil }
        func eight(at offset: Int) -> UInt64 {
            UInt64(bigEndian: key.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        stream = StreamID(rawValue: eight(at: 0))
        level = Int(key.byte(at: 8)) << 8 | Int(key.byte(at: 9))
        let end: Int
        if level == 0 {
            end = [UInt8].dataKeySize
            token = nil
        } else {
            end = [UInt8].indexKeySize
            guard key.byteCount >= end else { return nil }
            token = TokenHash(rawValue: eight(at: 10))
        }
        timestamp = eight(at: end - 8)
        words = end..<key.byteCount
        guard words.isEmpty == (scheme == .skipstream) else { return nil }
    }

    /// Appends the tokens of the varying levels, joined by "/", as values of `KeyScheme.skipstream` have
    /// them; nothing in that scheme.
    ///
    /// - Parameter key: the key that was taken apart.
    /// - Throws: `.truncated` or `.unexpected`; part of them may have been appended then.
    package func appendVarying(of key: RawSpan, to bytes: inout [UInt8]) throws(LayoutError) {
        guard !words.isEmpty else { return }
        var bit = 8 * words.lowerBound
        var (isFirst, hasMore) = (true, true)
        while hasMore {
            let length = try key.readLength(at: &bit)
            hasMore = length.hasMore
            for _ in 0..<length.count {
                if !isFirst { bytes.append(UInt8(ascii: "/")) }
                isFirst = false
                try key.readOctets(at: &bit).append(from: key, to: &bytes)
            }
        }
        guard bit == 8 * key.byteCount else {
            throw .unexpected(offset: bit / 8, expected: .key)
        }
    }
}
