/// The syntax of topic filters, in place.
extension RawSpan {
    /// Reads a topic filter from a packet, checked.
    func readTopicFilter(at offset: inout Int) throws(CodecError) -> Range<Int> {
        let filter = try readText(at: &offset)
        _ = try checkTopicFilter(filter)
        return filter
    }

    /// - Returns: where the filter proper begins: behind the share name, or at the start of `range`.
    func checkTopicFilter(_ range: Range<Int>) throws(CodecError) -> Int {
        guard range.count <= 0xFFFF else {
            throw .malformed(rule: .topicTooLong, offset: range.lowerBound + 0xFFFF)
        }
        if let null = firstOffset(of: 0, in: range) {
            throw .malformed(rule: .topicNull, offset: null)
        }
        let start = isShared(range) ? try endOfShareName(range) + 1 : range.lowerBound
        guard start < range.upperBound else { throw .malformed(rule: .topicEmpty, offset: start) }
        for offset in start..<range.upperBound {
            let alone =
                (offset == start || byte(at: offset - 1) == .slash)
                && (offset + 1 == range.upperBound || byte(at: offset + 1) == .slash)
            switch byte(at: offset) {
            case .plus where !alone: throw .malformed(rule: .singleLevelWildcard, offset: offset)
            case .hash where !alone || offset + 1 != range.upperBound:
                throw .malformed(rule: .multiLevelWildcard, offset: offset)
            default: continue
            }
        }
        return start
    }

    /// Whether the filter begins with `$share/`.
    func isShared(_ range: Range<Int>) -> Bool {
        let prefix: [7 of UInt8] = [0x24, 0x73, 0x68, 0x61, 0x72, 0x65, 0x2F]
        guard range.count >= prefix.count else { return false }
        for index in prefix.indices where byte(at: range.lowerBound + index) != prefix[index] {
            return false
        }
        return true
    }

    /// The slash behind the share name.
    private func endOfShareName(_ range: Range<Int>) throws(CodecError) -> Int {
        let start = range.lowerBound + 7
        let end = levelEnd(from: start, end: range.upperBound)
        guard end > start else { throw .malformed(rule: .shareNameMissing, offset: start) }
        if let wildcard = firstWildcard(in: start..<end) {
            throw .malformed(rule: .shareNameSyntax, offset: wildcard)
        }
        guard end + 1 < range.upperBound else {
            throw .malformed(rule: .shareNameSyntax, offset: end)
        }
        return end
    }

    /// A topic of the server's own, which wildcards in the first level do not match, [MQTT-4.7.2-1].
    var startsWithDollar: Bool { byteCount > 0 && byte(at: 0) == .dollar }

    func equals(_ range: Range<Int>, _ other: RawSpan, _ otherRange: Range<Int>) -> Bool {
        guard range.count == otherRange.count else { return false }
        let shift = otherRange.lowerBound - range.lowerBound
        for offset in range where byte(at: offset) != other.byte(at: offset + shift) {
            return false
        }
        return true
    }
}
