internal import MQTT

/// Topics by alias of each client's connection, as its client has set them, and whether the broker at hand
/// knows them: it does not if the PUBLISH that set one was left out.
struct AliasMemory {
    private struct Alias {
        var topic: [UInt8]
        var isKnown: Bool
    }

    private var aliases: [Int: [UInt16: Alias]] = [:]

    /// A new connection: aliases are its own [MQTT-3.3.2-7].
    mutating func forget(_ client: Int) { aliases[client] = nil }

    /// The client has a connection that was not recorded, on which it goes on as recorded.
    mutating func isReconnected(_ client: Int) {
        for alias in aliases[client, default: [:]].keys { aliases[client]?[alias]?.isKnown = false }
    }

    /// Takes in a PUBLISH.
    /// - Returns: the topic that its alias stands for; nil if it says its topic itself, or if nobody knows.
    mutating func note(_ header: PublishHeader, _ packet: RawSpan, of client: Int) -> [UInt8]? {
        guard header.topicAlias != 0 else { return nil }
        guard !header.topic.isEmpty else { return aliases[client]?[header.topicAlias]?.topic }
        let topic = packet.extracting(header.topic).withUnsafeBytes { Array($0) }
        let isKnown = aliases[client]?[header.topicAlias].map { $0.topic == topic && $0.isKnown }
        aliases[client, default: [:]][header.topicAlias] = Alias(
            topic: topic, isKnown: isKnown ?? false)
        return nil
    }

    /// Whether the broker at hand knows what the alias of this PUBLISH stands for.
    func isKnown(_ header: PublishHeader, of client: Int) -> Bool {
        aliases[client]?[header.topicAlias]?.isKnown ?? false
    }

    /// The PUBLISH goes out, with its topic if the broker did not know its alias.
    mutating func sent(_ header: PublishHeader, of client: Int) {
        guard header.topicAlias != 0 else { return }
        aliases[client]?[header.topicAlias]?.isKnown = true
    }
}
