/// Topics as patterns: levels that name things stay, levels that enumerate them become `+`.
enum TopicPatterns {
    /// So few patterns are wanted that a person can read them.
    private static let wanted = 24
    /// Topics that are looked at.
    private static let looked = 1 << 14

    struct Group {
        var topics = 0
        var publishes = 0
    }

    /// The patterns of these topics, most published first: among topics of equally many levels, the level with
    /// most different tokens becomes `+` until at most 24 patterns remain.
    static func groups(_ topics: [(text: String, publishes: Int)]) -> [(pattern: String, Group)] {
        let step = max(1, topics.count / looked)
        let seen = stride(from: 0, to: topics.count, by: step).map { number in
            (
                levels: topics[number].text.split(
                    separator: "/", omittingEmptySubsequences: false),
                publishes: topics[number].publishes
            )
        }
        var found: [(pattern: String, Group)] = []
        for (_, shape) in Dictionary(grouping: seen, by: \.levels.count) {
            found += masked(shape)
        }
        return found.sorted { ($1.1.publishes, $0.pattern) < ($0.1.publishes, $1.pattern) }
    }

    private static func masked(
        _ topics: [(levels: [Substring], publishes: Int)]
    ) -> [(pattern: String, Group)] {
        let depth = topics.first?.levels.count ?? 0
        let variety = (0..<depth).map { level in Set(topics.map { $0.levels[level] }).count }
        var masked: Set<Int> = []
        while true {
            var groups: [String: Group] = [:]
            for topic in topics {
                let pattern = topic.levels.enumerated()
                    .map { masked.contains($0.offset) ? "+" : $0.element }.joined(separator: "/")
                groups[pattern, default: Group()].topics += 1
                groups[pattern, default: Group()].publishes += topic.publishes
            }
            let next = (0..<depth).filter { !masked.contains($0) && variety[$0] > 1 }
                .max { (variety[$0], $1) < (variety[$1], $0) }
            guard groups.count > wanted, let next else {
                return groups.map { ($0.key, $0.value) }
            }
            masked.insert(next)
        }
    }
}
