/// What the topics of one stream have in common.
struct StreamLevels: Equatable, Sendable {
    /// The literal text before, between and after the varying levels, with the slashes around them.
    private var pieces: [[UInt8]] = [[]]

    var varyingCount: Int { pieces.count - 1 }

    init(_ labels: [TrieState.Label], in topic: RawSpan) {
        for (position, label) in labels.enumerated() {
            if position > 0 { pieces[pieces.count - 1].append(UInt8(ascii: "/")) }
            switch label {
            case .token(let range): pieces[pieces.count - 1].append(span: topic.extracting(range))
            case .wildcard: pieces.append([])
            case .end: break
            }
        }
    }

    /// Appends the topic that has these varying tokens, joined by "/".
    ///
    /// - Returns: whether there were as many tokens as varying levels; if not, nothing has been appended.
    func appendTopic(varying: RawSpan, to bytes: inout [UInt8]) -> Bool {
        let start = bytes.count
        bytes.append(contentsOf: pieces[0])
        var offset = 0
        for (position, piece) in pieces.enumerated().dropFirst() {
            let token = varying.prefixUpToSlash(from: offset)
            let isLast = position == varyingCount
            guard isLast == (token.upperBound == varying.byteCount) else {
                bytes.removeLast(bytes.count - start)
                return false
            }
            bytes.append(span: varying.extracting(token))
            bytes.append(contentsOf: piece)
            offset = token.upperBound + 1
        }
        guard varyingCount > 0 || varying.byteCount == 0 else {
            bytes.removeLast(bytes.count - start)
            return false
        }
        return true
    }
}

extension RawSpan {
    fileprivate func prefixUpToSlash(from start: Int) -> Range<Int> {
        var offset = start
        while offset < byteCount, byte(at: offset) != UInt8(ascii: "/") { offset += 1 }
        return start..<offset
    }
}

extension StreamLevels {
    /// The topics of the stream as a filter, with "+" for each varying level.
    fileprivate var filter: String {
        String(decoding: Array(pieces.joined(separator: [UInt8(ascii: "+")])), as: UTF8.self)
    }
}

extension TopicTrie {
    /// The topics of all streams that have varying levels, as filters with "+" for each of these.
    package var varyingTopics: Set<String> {
        Set(levels.values.filter { $0.varyingCount > 0 }.map(\.filter))
    }

    /// Appends the topic of a message from the varying part that is stored with it.
    ///
    /// - Throws: `.unknownStream`; `.varyingLevels` when the part does not fit the stream.
    package func appendTopic(
        of stream: StreamID, varying: RawSpan, to bytes: inout [UInt8]
    ) throws(LayoutError) {
        guard let levels = levels[stream] else { throw .unknownStream(stream) }
        guard levels.appendTopic(varying: varying, to: &bytes) else { throw .varyingLevels(stream) }
    }
}
