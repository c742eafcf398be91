internal import MQTT

extension NameCipher {
    /// Replaces a topic name in place, level by level.
    mutating func replaceTopic(_ bytes: inout [UInt8], _ range: Range<Int>) {
        var start = range.lowerBound
        while start <= range.upperBound {
            let end = bytes[start..<range.upperBound].firstIndex(of: slash) ?? range.upperBound
            replaceLevel(&bytes, start..<end, isFirst: start == range.lowerBound)
            start = end + 1
        }
    }

    /// A topic name, a filter, or any text that may hold one.
    mutating func replaceTopic(_ text: String) -> String {
        var bytes = Array(text.utf8)
        replaceTopic(&bytes, 0..<bytes.count)
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func replaceLevel(_ bytes: inout [UInt8], _ level: Range<Int>, isFirst: Bool) {
        var level = level
        guard let first = level.first else { return }
        if level.count == 1, bytes[first] == plus || bytes[first] == hash { return }
        if isFirst, bytes[first] == dollar {
            let name = String(decoding: bytes[level], as: UTF8.self)
            if Self.kept.contains(name) { return }
            level.removeFirst()
        }
        bytes.replaceSubrange(level, with: replace(part: level, of: bytes))
    }

    private mutating func replace(part: Range<Int>, of bytes: [UInt8]) -> [UInt8] {
        replace(bytes.span.bytes.extracting(part))
    }

    /// First levels that mean something to brokers: shared subscriptions, the broker's own topics, and EMQX's
    /// queues, delayed messages and exclusive subscriptions.
    private static let kept: Set<String> = ["$share", "$SYS", "$queue", "$delayed", "$exclusive"]
}

private let slash = UInt8(ascii: "/")
private let plus = UInt8(ascii: "+")
private let hash = UInt8(ascii: "#")
private let dollar = UInt8(ascii: "$")

extension Range<Int> {
    fileprivate mutating func removeFirst() { self = lowerBound + 1..<upperBound }
}
