/// A topic filter of chapter 4.7, or a shared subscription of 4.8.2 around one.
///
/// Two filters are the same if their bytes are [MQTT-4.7.3-4], which is less than `String` thinks: it takes composed
/// and decomposed letters for equal.
package struct TopicFilter: Sendable {
    package let text: String
    private let bytes: [UInt8]
    /// Where the filter proper begins: behind `$share/<group>/`, else 0.
    private let start: Int

    /// - Throws: `.malformed` with the rule and the byte of `text` that breaks it.
    package init(_ text: String) throws(CodecError) {
        let bytes = Array(text.utf8)
        self.start = try bytes.span.bytes.checkTopicFilter(0..<bytes.count)
        self.bytes = bytes
        self.text = text
    }

    /// The share name of `$share/<group>/<filter>`, if it is one.
    package var sharedGroup: String? {
        guard start > 0 else { return nil }
        return String(decoding: bytes[7..<start - 1], as: UTF8.self)
    }

    /// Whether it means more than one topic.
    package var hasWildcard: Bool {
        bytes.span.bytes.firstWildcard(in: start..<bytes.count) != nil
    }

    /// Levels of the filter proper.
    package var levelCount: Int {
        MQTT.levelCount(of: bytes.span.bytes.extracting(start..<bytes.count))
    }

    /// Whether a message with this topic is meant. A shared subscription matches as the filter inside it does.
    package func matches(_ topic: RawSpan) -> Bool {
        let filter = bytes.span.bytes
        var (at, topicAt) = (start, 0)
        let first = filter.byte(at: start)
        // [MQTT-4.7.2-1]
        if first == .plus || first == .hash, topic.startsWithDollar { return false }
        while true {
            let end = filter.levelEnd(from: at, end: filter.byteCount)
            if end - at == 1, filter.byte(at: at) == .hash { return true }
            // `a/#` matches `a` too, so `#` is looked for before the topic may end
            guard topicAt <= topic.byteCount else { return false }
            let topicEnd = topic.levelEnd(from: topicAt, end: topic.byteCount)
            let isPlus = end - at == 1 && filter.byte(at: at) == .plus
            guard isPlus || filter.equals(at..<end, topic, topicAt..<topicEnd) else { return false }
            (at, topicAt) = (end + 1, topicEnd + 1)
            if at > filter.byteCount { return topicAt > topic.byteCount }
        }
    }

    /// Calls `body` with the bytes of every level of the filter proper, from the first to the last.
    func forEachLevel(_ body: (RawSpan) -> Void) {
        let filter = bytes.span.bytes
        var at = start
        while at <= filter.byteCount {
            let end = filter.levelEnd(from: at, end: filter.byteCount)
            body(filter.extracting(at..<end))
            at = end + 1
        }
    }
}

extension TopicFilter: Hashable {
    package static func == (a: TopicFilter, b: TopicFilter) -> Bool { a.bytes == b.bytes }
    package func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}

extension TopicFilter: CustomStringConvertible {
    package var description: String { text }
}
