/// Whether `bytes` may be the topic of a message: 1 to 65,535 bytes of UTF-8 without U+0000, `+` and `#`.
package func isValidTopicName(_ bytes: RawSpan) -> Bool {
    1...0xFFFF ~= bytes.byteCount && bytes.textFault(in: 0..<bytes.byteCount) == nil
        && bytes.firstWildcard(in: 0..<bytes.byteCount) == nil
}

/// Levels of a topic name or of a filter.
package func levelCount(of topic: RawSpan) -> Int {
    var count = 1
    for offset in 0..<topic.byteCount where topic.byte(at: offset) == .slash { count += 1 }
    return count
}

/// Whether the topic is under `$SYS/`, where only the server itself speaks (MQTT 5.0, 4.7.2).
package func isServersOwn(_ topic: RawSpan) -> Bool {
    let prefix: [5 of UInt8] = [0x24, 0x53, 0x59, 0x53, 0x2F]
    guard topic.byteCount >= prefix.count else { return false }
    for index in prefix.indices where topic.byte(at: index) != prefix[index] { return false }
    return true
}

extension UInt8 {
    static let slash = UInt8(ascii: "/")
    static let plus = UInt8(ascii: "+")
    static let hash = UInt8(ascii: "#")
    static let dollar = UInt8(ascii: "$")
}

extension RawSpan {
    func firstWildcard(in range: Range<Int>) -> Int? {
        var start = range.lowerBound
        while range.upperBound - start >= 8 {
            let word = unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self)
            if word.mayHave(.plus) || word.mayHave(.hash) { break }
            start += 8
        }
        for offset in start..<range.upperBound
        where byte(at: offset) == .plus || byte(at: offset) == .hash {
            return offset
        }
        return nil
    }

    /// Where the level that starts at `start` ends: at its slash, or at `end`.
    func levelEnd(from start: Int, end: Int) -> Int {
        var offset = start
        while offset < end, byte(at: offset) != .slash { offset += 1 }
        return offset
    }

    /// A topic name that is neither empty nor has wildcards, as in a will.
    func readTopicName(at offset: inout Int) throws(CodecError) -> Range<Int> {
        let start = offset
        let topic = try readText(at: &offset)
        if topic.isEmpty { throw .malformed(rule: .topicEmpty, offset: start) }
        if let wildcard = firstWildcard(in: topic) {
            throw .malformed(rule: .wildcardInTopicName, offset: wildcard)
        }
        return topic
    }
}

extension UInt64 {
    /// Whether one of its eight bytes is `byte`; false only if none is.
    fileprivate func mayHave(_ byte: UInt8) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let zeroed = self ^ ones &* UInt64(byte)
        return (zeroed &- ones) & ~zeroed & 0x8080_8080_8080_8080 != 0
    }
}
