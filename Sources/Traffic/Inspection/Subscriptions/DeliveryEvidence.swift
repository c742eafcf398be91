internal import MQTT

/// What sessions that are older than the capture were delivered: from it follows what they are subscribed to,
/// although their SUBSCRIBE is not in the capture.
///
/// A broker delivers only what a subscription asks for, so each topic delivered is a filter that is surely
/// there, as far as it goes. Where many topics differ in one level only, and nothing published beside them was
/// withheld while the client was there, the level is taken for a `+`.
package struct DeliveryEvidence {
    /// Topics kept of all clients together; beyond, what is delivered proves nothing new.
    private static let limit = 1 << 16
    /// So many topics that differ in one level only make it a `+`.
    package static let siblings = 8
    /// Topics of one client beyond which each stays by itself, and patterns that are tried: bounds on the work.
    private static let workedOn = 1 << 12, tries = 64
    /// A delivery follows its publish by no more than this, nanoseconds.
    private static let grace: Int64 = 5_000_000_000

    private struct Client {
        /// Numbers of the topics that were delivered.
        var topics: Set<Int> = []
        /// Those of them that no subscription in the capture explains.
        var unexplained: [Int] = []
        var resumedAt: Int64
        var lastSeen: Int64
    }

    private var clients: [String: Client] = [:]
    private var kept = 0
    /// Pairs of client and topic that no subscription in the capture explains.
    private(set) var unexplained = 0

    mutating func resumed(_ client: String, at time: Int64) {
        if clients[client] == nil { clients[client] = Client(resumedAt: time, lastSeen: time) }
    }

    mutating func closed(_ client: String, at time: Int64) {
        guard let known = clients[client] else { return }
        clients[client]?.lastSeen = max(known.lastSeen, time)
    }

    /// - Returns: whether this topic was not delivered to this client before.
    mutating func delivered(_ topic: Int, to client: String) -> Bool {
        guard kept < Self.limit, let known = clients[client], !known.topics.contains(topic) else {
            return false
        }
        kept += 1
        clients[client]?.topics.insert(topic)
        return true
    }

    /// No subscription in the capture explains why the topic was delivered.
    mutating func isUnexplained(_ topic: Int, to client: String) {
        clients[client]?.unexplained.append(topic)
        unexplained += 1
    }

    /// What each client is subscribed to beside what the capture shows.
    ///
    /// - Parameter topics: by whose numbers deliveries were noted.
    func filters(_ topics: TopicTable) -> [OlderSubscriptions.Entry] {
        clients.sorted { $0.key < $1.key }.filter { !$0.value.unexplained.isEmpty }.flatMap {
            name, client in
            let texts = client.unexplained.map { topics.text(of: $0) }
            let patterns =
                texts.count > Self.workedOn
                ? texts : Self.generalised(texts, withheld: withheld(from: client, topics))
            return patterns.compactMap { pattern in
                (try? TopicFilter(pattern)).map {
                    OlderSubscriptions.Entry(clientID: name, filter: $0, qos: .atLeastOnce)
                }
            }
        }
    }

    /// Topics that were published on while the client was there, and that it was not sent.
    private func withheld(from client: Client, _ topics: TopicTable) -> [String] {
        topics.tallies.indices.filter { number in
            let last = topics.tallies[number].lastTime
            return last > client.resumedAt && last < client.lastSeen &- Self.grace
                && !client.topics.contains(number)
        }.map { topics.text(of: $0) }
    }

    /// The fewest patterns that these topics prove.
    ///
    /// - Parameter withheld: topics that no pattern may match.
    package static func generalised(_ topics: [String], withheld: [String]) -> [String] {
        var patterns = Set(
            topics.map { $0.split(separator: "/", omittingEmptySubsequences: false) })
        let refused = withheld.map { $0.split(separator: "/", omittingEmptySubsequences: false) }
        var rejected: Set<[Substring]> = []
        for _ in 0..<tries {
            var groups: [[Substring]: Int] = [:]
            for pattern in patterns {
                for level in pattern.indices where pattern[level] != "+" {
                    // [MQTT-4.7.2-1]: a wildcard does not match a first level that begins with $.
                    if level == 0, pattern[0].hasPrefix("$") { continue }
                    var masked = pattern
                    masked[level] = "+"
                    if !rejected.contains(masked) { groups[masked, default: 0] += 1 }
                }
            }
            let best = groups.filter { $0.value >= siblings }.max {
                ($0.value, $1.key.joined(separator: "/")) < (
                    $1.value, $0.key.joined(separator: "/")
                )
            }
            guard let (pattern, _) = best else { break }
            if refused.contains(where: { pattern.covers($0) }) {
                rejected.insert(pattern)
            } else {
                patterns = patterns.filter { !pattern.covers($0) }
                patterns.insert(pattern)
            }
        }
        return patterns.map { $0.joined(separator: "/") }.sorted()
    }
}

extension [Substring] {
    /// Whether all that the other matches, this does: both without `#`.
    fileprivate func covers(_ other: [Substring]) -> Bool {
        count == other.count && zip(self, other).allSatisfy { $0 == "+" || $0 == $1 }
    }
}
