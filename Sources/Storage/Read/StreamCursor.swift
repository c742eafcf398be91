package import Layout

/// A stream of one generation of a shard.
package struct StreamAddress: Hashable, Sendable {
    package let stream: StreamID
    /// From 1, the generation that a shard begins with.
    package let generation: Int

    package init(stream: StreamID, generation: Int = 1) {
        self.stream = stream
        self.generation = generation
    }
}

/// What a topic filter wants of the varying levels of a stream.
package struct StreamConstraint: Hashable, Sendable {
    /// One for each varying level, in order; nil for any token.
    package let tokens: [[UInt8]?]

    package init(tokens: [[UInt8]?]) { self.tokens = tokens }

    /// It wants all messages of the stream.
    package var isVoid: Bool { tokens.allSatisfy { $0 == nil } }

    /// All that `other` wants, this one wants as well.
    func covers(_ other: StreamConstraint) -> Bool {
        tokens.count == other.tokens.count
            && zip(tokens, other.tokens).allSatisfy { $0 == nil || $0 == $1 }
    }

    /// Whether it wants the message whose varying tokens, joined by "/", are these. Two tokens may have the
    /// same hash; the index cannot tell them apart, this can.
    func admits(varying: RawSpan) -> Bool {
        var start = 0
        for (place, wanted) in tokens.enumerated() {
            guard start <= varying.byteCount else { return false }
            var end = start
            while end < varying.byteCount,
                varying.unsafeLoad(fromByteOffset: end, as: UInt8.self) != UInt8(ascii: "/")
            { end += 1 }
            if let wanted, !varying.extracting(start..<end).equals(wanted) { return false }
            // The last token ends the text, and only it does.
            guard (place == tokens.count - 1) == (end == varying.byteCount) else { return false }
            start = end + 1
        }
        return true
    }
}

/// How far a session has read in one stream of a shard, and what it wants there.
package struct StreamCursor: Sendable, Hashable {
    package let address: StreamAddress
    /// Timestamp (µs) of the last message read; the next read begins after it.
    package var after: UInt64
    /// Timestamp (µs) of the last message that may be read. A batch whose end is known is read again, after
    /// an outage, by its two ends (reference 4.3).
    package var through: UInt64
    /// A message is wanted if one of these wants it; empty when all are.
    ///
    /// EMQX reads a stream once for each subscription. Here one pass reads it for all subscriptions of a
    /// session: one set of index iterators for each constraint, merged by time over one data iterator. So
    /// the index is read as there, and a message that two subscriptions want is delivered once.
    package private(set) var constraints: [StreamConstraint]

    package init(
        stream: StreamID, generation: Int = 1, after: UInt64, through: UInt64 = .max,
        constraints: [StreamConstraint] = []
    ) {
        address = StreamAddress(stream: stream, generation: generation)
        self.after = after
        self.through = through
        self.constraints = []
        guard let first = constraints.first, !first.isVoid else { return }
        self.constraints = [first]
        for constraint in constraints.dropFirst() { widen(by: [constraint]) }
    }

    package var stream: StreamID { address.stream }

    /// It has an end that what is yet to come cannot move.
    package var isBounded: Bool { through < .max }

    /// Takes in what another subscription wants of the same stream.
    package mutating func widen(by others: [StreamConstraint]) {
        guard !constraints.isEmpty else { return }
        guard !others.isEmpty, !others.contains(where: \.isVoid) else { return constraints = [] }
        for other in others where !constraints.contains(where: { $0.covers(other) }) {
            constraints.removeAll { other.covers($0) }
            constraints.append(other)
        }
    }

    /// Forgets what was wanted, for `widen(by:)` to begin with `others`.
    package mutating func want(only others: [StreamConstraint]) {
        self = StreamCursor(
            stream: stream, generation: address.generation, after: after, through: through,
            constraints: others)
    }
}
