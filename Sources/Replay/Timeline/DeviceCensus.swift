internal import MQTT

/// Who publishes on which topics, level by level: from it follows which level names the device.
struct DeviceCensus {
    /// A client that publishes.
    struct Publisher {
        fileprivate let number: Int
    }

    /// Topics with so many levels that begin with the same one.
    struct Shape: Hashable {
        let levels: Int
        let first: String
    }

    /// By shape and level: who publishes on topics with this value there; nil if several do.
    private(set) var shapes: [Shape: [[String: Int?]]] = [:]
    /// Identifiers of the publishers, by their numbers.
    private(set) var names: [String] = []
    private var numbers: [String: Int] = [:]
    /// Pairs of topic and publisher that were taken in.
    private var seen: Set<Int> = []
    private var kept = 0

    /// Values kept of all levels together, pairs remembered, and the largest topics that are looked at.
    private static let limit = 1 << 19
    private static let seenLimit = 1 << 18
    private static let longest = (bytes: 512, levels: 16)

    /// - Parameter clientID: empty for a client that has none; each time another.
    mutating func publisher(_ clientID: String) -> Publisher {
        if let known = numbers[clientID] { return Publisher(number: known) }
        names.append(clientID)
        if !clientID.isEmpty { numbers[clientID] = names.count - 1 }
        return Publisher(number: names.count - 1)
    }

    mutating func published(_ topic: RawSpan, by publisher: Publisher) {
        guard 1...Self.longest.bytes ~= topic.byteCount, seen.count < Self.seenLimit else { return }
        var hasher = Hasher()
        topic.withUnsafeBytes { hasher.combine(bytes: $0) }
        hasher.combine(publisher.number)
        guard seen.insert(hasher.finalize()).inserted else { return }
        let text = topic.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        let levels = text.topicLevels
        guard levels.count <= Self.longest.levels, kept < Self.limit, levels[0].first != "$" else {
            return
        }
        let shape = Shape(levels: levels.count, first: String(levels[0]))
        var values = shapes.removeValue(forKey: shape) ?? levels.map { _ in [:] }
        for (level, value) in levels.enumerated() {
            if let known = values[level][String(value)] {
                if known != publisher.number { values[level][String(value)] = .some(nil) }
            } else {
                values[level][String(value)] = .some(publisher.number)
                kept += 1
            }
        }
        shapes[shape] = values
    }
}

extension String {
    var topicLevels: [Substring] { split(separator: "/", omittingEmptySubsequences: false) }
}
