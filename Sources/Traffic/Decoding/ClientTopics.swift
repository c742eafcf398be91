/// Where clients put their identifier into topics, learned from connections of which the identifier is known,
/// to tell the clients of those whose CONNECT was not seen.
///
/// A place is a level of topics with so many levels that begin with the same one. It is believed once several
/// clients had their identifier there and none had something else.
struct ClientTopics {
    private var places: [Place: Witnesses] = [:]

    private struct Place: Hashable {
        let levels: Int
        /// Hash of the first level; zero for its own place, which it cannot name.
        let first: Int
        let level: Int
    }

    private struct Witnesses {
        /// Hashes of the identifiers that stood there, different ones.
        var clients: [Int] = []
        var isRefuted = false
    }

    /// Clients that have to agree.
    private static let enough = 3
    /// Places that are followed.
    private static let limit = 512

    /// A client whose identifier is known publishes to `topic`.
    mutating func learn(_ topic: RawSpan, of clientID: String) {
        guard let levels = Levels(of: topic) else { return }
        let client = clientID.utf8Span.span.bytes
        for level in 0..<levels.count {
            let isThere = topic.extracting(levels[level]).hasSameBytes(as: client)
            if isThere, level > 0 || levels.count == 1 {
                note(clientID, at: place(level, levels, topic))
            } else if !isThere, !places.isEmpty {
                places[place(level, levels, topic)]?.isRefuted = true
            }
        }
    }

    /// Whose `topic` is; nil if nobody can be sure.
    func client(of topic: RawSpan) -> String? {
        guard !places.isEmpty, let levels = Levels(of: topic) else { return nil }
        let found = (0..<levels.count).filter { level in
            guard let known = places[place(level, levels, topic)] else { return false }
            return known.clients.count >= Self.enough && !known.isRefuted
        }
        guard found.count == 1, let level = found.first, !levels[level].isEmpty else { return nil }
        return topic.extracting(levels[level]).withUnsafeBytes {
            String(decoding: $0, as: UTF8.self)
        }
    }

    private mutating func note(_ clientID: String, at place: Place) {
        guard places[place] != nil || places.count < Self.limit else { return }
        var known = places[place] ?? Witnesses()
        let hash = clientID.hashValue
        if known.clients.count < Self.enough, !known.clients.contains(hash) {
            known.clients.append(hash)
        }
        places[place] = known
    }

    private func place(_ level: Int, _ levels: Levels, _ topic: RawSpan) -> Place {
        Place(
            levels: levels.count,
            first: level == 0 ? 0 : Interner.hash(topic.extracting(levels[0])), level: level)
    }

    /// Where the levels of a topic are.
    private struct Levels {
        private var starts: [17 of Int] = .init(repeating: 0)
        private(set) var count = 1

        /// The longest topic that is looked at, in bytes and levels.
        private static let longest = (bytes: 512, levels: 16)

        /// - Returns: nil for a topic that is empty or too long.
        init?(of topic: RawSpan) {
            guard 1...Self.longest.bytes ~= topic.byteCount else { return nil }
            for offset in 0..<topic.byteCount where topic.byte(at: offset) == UInt8(ascii: "/") {
                guard count < Self.longest.levels else { return nil }
                starts[count] = offset + 1
                count += 1
            }
            starts[count] = topic.byteCount + 1
        }

        subscript(level: Int) -> Range<Int> { starts[level]..<starts[level + 1] - 1 }
    }
}

extension RawSpan {
    fileprivate func hasSameBytes(as other: RawSpan) -> Bool {
        guard byteCount == other.byteCount else { return false }
        return withUnsafeBytes { mine in other.withUnsafeBytes { mine.elementsEqual($0) } }
    }
}

/// Whose connection it is: learned from its CONNECT, or inferred.
struct Identification {
    /// Of the CONNECT; empty if there was none that helps.
    private var known = ""
    private var candidate: String?
    private var samples = 0
    /// More publishes are of no use.
    private(set) var isOver = false

    /// Publishes that are looked at where the client is known, and where it is not.
    private static let sampled = (known: 4, unknown: 16)

    mutating func connected(_ clientID: String) {
        known = clientID
        if clientID.isEmpty { isOver = true }
    }

    mutating func end() { isOver = true }

    /// - Returns: the client, once two publishes in a row name the same.
    mutating func publishes(to topic: RawSpan, _ hints: inout Hints) -> String? {
        guard !topic.isEmpty else { return nil }
        samples += 1
        if !known.isEmpty {
            hints.topics.learn(topic, of: known)
            isOver = samples >= Self.sampled.known
            return nil
        }
        isOver = samples >= Self.sampled.unknown
        guard let client = hints.topics.client(of: topic) else { return nil }
        guard let candidate, candidate == client else {
            // Two clients on one connection: it is a gateway's, and nobody knows whose.
            isOver = isOver || candidate != nil
            candidate = client
            return nil
        }
        isOver = true
        return client
    }
}
