internal import Broker

/// A topic filter of a rule, in which `%c` stands for the client id and `%u` for the user name.
///
/// A name that holds `/`, `+` or `#`, begins with `$`, or is missing, never takes a placeholder's place: it would turn
/// the rule into another one.
struct TopicPattern: Sendable {
    fileprivate enum Level: Sendable {
        case plus, hash
        case exact([UInt8])
        case named([Piece])
    }

    fileprivate enum Piece: Sendable {
        case text([UInt8])
        case clientID, username
    }

    private let levels: [Level]

    /// - Precondition: `filter` is a valid topic filter.
    init(_ filter: String) {
        levels = filter.utf8.split(separator: .slash, omittingEmptySubsequences: false).map {
            switch Array($0) {
            case [.plus]: .plus
            case [.hash]: .hash
            case let text: Self.level(text)
            }
        }
    }

    private static func level(_ text: [UInt8]) -> Level {
        var pieces: [Piece] = []
        var plain: [UInt8] = []
        var at = 0
        while at < text.count {
            let next = at + 1 < text.count ? text[at + 1] : 0
            if text[at] == UInt8(ascii: "%"), next == UInt8(ascii: "c") || next == UInt8(ascii: "u")
            {
                if !plain.isEmpty { pieces.append(.text(plain)) }
                plain = []
                pieces.append(next == UInt8(ascii: "c") ? .clientID : .username)
                at += 2
            } else {
                plain.append(text[at])
                at += 1
            }
        }
        guard !pieces.isEmpty else { return .exact(plain) }
        if !plain.isEmpty { pieces.append(.text(plain)) }
        return .named(pieces)
    }

    /// Whether a message with this topic is meant.
    func matches(_ topic: RawSpan, for client: ClientIdentity) -> Bool {
        covers(topic, for: client)
    }

    /// Whether every topic that `filter` matches is matched by this pattern.
    func covers(_ filter: RawSpan, for client: ClientIdentity) -> Bool {
        var at = 0
        // [MQTT-4.7.2-1]: a wildcard in the first level does not mean `$SYS` and its like.
        let isOwn = filter.byteCount > 0 && filter.at(0) == .dollar
        for (index, level) in levels.enumerated() {
            if index == 0, isOwn, level.isWildcard { return false }
            if case .hash = level { return true }
            guard at <= filter.byteCount else { return false }
            let end = filter.levelEnd(at)
            let theirs = at..<end
            switch level {
            case .hash: break
            case .plus:
                // A topic has a first level, so `+/#` is as wide as `#`; further down it is not.
                if filter.isHash(theirs) {
                    return index == 0 && levels.count == 2 && levels[1].isHash
                }
            case .exact(let text): if !filter.equals(theirs, text) { return false }
            case .named(let pieces):
                if !Self.spell(pieces, filter, theirs, client) { return false }
            }
            at = end + 1
        }
        // `a/#` matches `a` as well, so this pattern of as many levels has to end with `#` then.
        return at > filter.byteCount
    }

    /// Whether there is a topic that both `filter` and this pattern match.
    func overlaps(_ filter: RawSpan, for client: ClientIdentity) -> Bool {
        var at = 0
        let isOwn = filter.byteCount > 0 && filter.at(0) == .dollar
        for (index, level) in levels.enumerated() {
            if index == 0, isOwn, level.isWildcard { return false }
            if case .hash = level { return true }
            guard at <= filter.byteCount else { return false }
            let end = filter.levelEnd(at)
            let theirs = at..<end
            let isTheirWildcard = filter.isHash(theirs) || filter.isPlus(theirs)
            // Their wildcard in the first level does not mean what this pattern says of `$SYS` and its like.
            if index == 0, isTheirWildcard, level.beginsWithDollar { return false }
            if filter.isHash(theirs) {
                return levels[index...].allSatisfy { $0.canBeNamed(client) }
            }
            switch level {
            case .hash: break
            case .plus: break
            case .exact(let text):
                if !isTheirWildcard, !filter.equals(theirs, text) { return false }
            case .named(let pieces):
                if isTheirWildcard {
                    guard level.canBeNamed(client) else { return false }
                } else if !Self.spell(pieces, filter, theirs, client) {
                    return false
                }
            }
            at = end + 1
        }
        // Theirs may go on with `/#`, which matches nothing more.
        return at > filter.byteCount || filter.isHash(at..<filter.byteCount)
    }

    /// Whether `pieces`, with the client's names in them, are the bytes of `range`.
    private static func spell(
        _ pieces: [Piece], _ filter: RawSpan, _ range: Range<Int>, _ client: ClientIdentity
    ) -> Bool {
        var at = range.lowerBound
        for piece in pieces {
            switch piece {
            case .text(let text):
                guard range.upperBound - at >= text.count,
                    filter.equals(at..<at + text.count, text)
                else { return false }
                at += text.count
            case .clientID:
                guard filter.step(over: client.clientID, &at, range.upperBound) else {
                    return false
                }
            case .username:
                guard let name = client.username, filter.step(over: name, &at, range.upperBound)
                else { return false }
            }
        }
        return at == range.upperBound
    }
}

extension TopicPattern.Level {
    fileprivate var isWildcard: Bool {
        switch self {
        case .plus, .hash: true
        case .exact, .named: false
        }
    }

    fileprivate var isHash: Bool { if case .hash = self { true } else { false } }

    fileprivate var beginsWithDollar: Bool {
        switch self {
        case .plus, .hash: false
        case .exact(let text): text.first == .dollar
        case .named(let pieces):
            if case .text(let text)? = pieces.first { text.first == .dollar } else { false }
        }
    }

    /// Whether the names that it asks for are there and are plain.
    fileprivate func canBeNamed(_ client: ClientIdentity) -> Bool {
        guard case .named(let pieces) = self else { return true }
        return pieces.allSatisfy {
            switch $0 {
            case .text: true
            case .clientID: client.clientID.isPlainLevel
            case .username: client.username?.isPlainLevel ?? false
            }
        }
    }
}

extension String {
    /// Can stand in a topic without becoming a level of its own, a wildcard or a topic of the server's.
    fileprivate var isPlainLevel: Bool {
        !isEmpty && utf8.first != .dollar
            && !utf8.contains { $0 == .slash || $0 == .plus || $0 == .hash }
    }
}

extension RawSpan {
    func at(_ offset: Int) -> UInt8 { unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

    /// Where the level that begins at `start` ends: at its slash or with the span.
    func levelEnd(_ start: Int) -> Int {
        var end = start
        while end < byteCount, at(end) != .slash { end += 1 }
        return end
    }

    func isHash(_ range: Range<Int>) -> Bool { range.count == 1 && at(range.lowerBound) == .hash }

    func isPlus(_ range: Range<Int>) -> Bool { range.count == 1 && at(range.lowerBound) == .plus }

    func equals(_ range: Range<Int>, _ text: [UInt8]) -> Bool {
        guard range.count == text.count else { return false }
        for index in text.indices where at(range.lowerBound + index) != text[index] { return false }
        return true
    }

    /// Passes `name`, if it stands at `at` and can take a placeholder's place.
    fileprivate func step(over name: String, _ at: inout Int, _ end: Int) -> Bool {
        guard name.isPlainLevel, end - at >= name.utf8.count else { return false }
        for byte in name.utf8 {
            guard self.at(at) == byte else { return false }
            at += 1
        }
        return true
    }
}

extension UInt8 {
    static let slash = UInt8(ascii: "/")
    static let plus = UInt8(ascii: "+")
    static let hash = UInt8(ascii: "#")
    static let dollar = UInt8(ascii: "$")
}
