/// Topics as patterns: levels that name things stay, levels that enumerate them become `+`.
struct TopicPatterns {
    struct Group {
        let pattern: String
        fileprivate(set) var topics = 0
        fileprivate(set) var publishes = 0
    }

    /// So few patterns are wanted that a person can read them.
    private static let wanted = 24
    /// Topics that are looked at.
    private static let looked = 1 << 14

    /// A topic, with the hashes of its levels in `hashes`.
    private struct Member {
        let topic: Int
        let start: Int
        let count: Int
    }

    private let table: TopicTable
    private var hashes: [UInt64] = []

    /// The patterns of these topics, most published first: among topics of equally many levels, the level with
    /// most different tokens becomes `+` until at most 24 patterns remain.
    ///
    /// - Parameter topics: their numbers in `table`.
    static func groups(_ topics: [Int], of table: TopicTable) -> [Group] {
        var patterns = TopicPatterns(table: table)
        var shapes: [Int: [Member]] = [:]
        let step = max(1, topics.count / looked)
        for place in stride(from: 0, to: topics.count, by: step) {
            let member = patterns.read(topics[place])
            shapes[member.count, default: []].append(member)
        }
        return shapes.values.flatMap { patterns.masked($0) }
            .sorted { ($1.publishes, $0.pattern) < ($0.publishes, $1.pattern) }
    }

    private init(table: TopicTable) { self.table = table }

    private mutating func read(_ topic: Int) -> Member {
        let start = hashes.count
        table.topics.withText(topic) { text in
            var offset = 0
            while offset <= text.byteCount {
                let end = text.end(ofLevelAt: offset)
                hashes.append(UInt64(Interner.hash(text.extracting(offset..<end)).magnitude))
                offset = end + 1
            }
        }
        return Member(topic: topic, start: start, count: hashes.count - start)
    }

    private func masked(_ members: [Member]) -> [Group] {
        let depth = members.first?.count ?? 0
        let variety = (0..<depth).map { level in
            Set(members.map { hashes[$0.start + level] }).count
        }
        var masked = [Bool](repeating: false, count: depth)
        while true {
            let keys = members.map { key(of: $0, masked) }
            let next = (0..<depth).filter { !masked[$0] && variety[$0] > 1 }
                .max { (variety[$0], $1) < (variety[$1], $0) }
            guard let next, Set(keys).count > Self.wanted else {
                return groups(members, keys, masked)
            }
            masked[next] = true
        }
    }

    private func key(of member: Member, _ masked: [Bool]) -> UInt64 {
        var key: UInt64 = 0xCBF2_9CE4_8422_2325
        for level in 0..<member.count where !masked[level] {
            key = (key ^ hashes[member.start + level]) &* 0x9E37_79B9_7F4A_7C15
            key ^= key >> 29
        }
        return key
    }

    private func groups(_ members: [Member], _ keys: [UInt64], _ masked: [Bool]) -> [Group] {
        var groups: [UInt64: Group] = [:]
        for (member, key) in zip(members, keys) {
            var group = groups[key] ?? Group(pattern: pattern(of: member, masked))
            group.topics += 1
            group.publishes += table.tallies[member.topic].publishes
            groups[key] = group
        }
        return Array(groups.values)
    }

    private func pattern(of member: Member, _ masked: [Bool]) -> String {
        table.text(of: member.topic).split(separator: "/", omittingEmptySubsequences: false)
            .enumerated().map { masked[$0.offset] ? "+" : $0.element }.joined(separator: "/")
    }
}

extension RawSpan {
    /// Where the level of a topic ends that begins at `start`: at its slash, or at the end.
    func end(ofLevelAt start: Int) -> Int {
        var end = start
        while end < byteCount, byte(at: end) != UInt8(ascii: "/") { end += 1 }
        return end
    }
}
