internal import Layout
internal import MQTT
internal import Synchronization

/// One visit to a stream for all polls that ask for the same: opens its iterators, reads at most a batch of
/// messages, hands each to the polls that want it, and closes the iterators again (reference 4.2: a "beam").
struct StreamScan {
    /// A message that cannot be decoded.
    struct Damage: Sendable {
        let timestamp: UInt64
        let error: RocksError
    }

    private struct Share {
        var messages: [StoredBatch.Message] = []
        /// Timestamp of the last message it has passed.
        var position: UInt64 = 0
    }

    private let shard: Shard
    private let start: StreamCursor
    private let format: RowFormat
    /// No more is to come to the stream.
    private let isFinal: Bool
    /// No message newer than this is seen, even if it is there.
    private let bound: UInt64
    private let batch: Int

    private(set) var polls: [Poll]
    private(set) var counters = ReadCounters()
    private(set) var damage: [Damage] = []
    private var shares: [Share]
    private var bytes: [UInt8] = []
    /// The varying tokens of the message that is looked at.
    private var varying: [UInt8] = []
    /// The stream was read to its end.
    private(set) var hasEnded = false

    /// - Parameter generation: nil if the one that `start` names is not there.
    /// - Precondition: all polls stand at `start`.
    init(
        _ polls: [Poll], at start: StreamCursor, of shard: Shard, _ generation: Generation?,
        batch: Int
    ) {
        precondition(polls.allSatisfy { $0.cursor == start })
        self.shard = shard
        self.start = start
        self.batch = batch
        self.polls = polls
        format = shard.options.format
        shares = Array(repeating: Share(), count: polls.count)
        // In this order: all of a generation that had ended, and what was counted as committed, lies within
        // the bound.
        isFinal = generation.map { $0.last < .max } ?? true
        let committed = shard.committed.load(ordering: .acquiring)
        bound = min(start.through, shard.latest.load(ordering: .acquiring))
        for place in polls.indices where polls[place].committed == nil {
            self.polls[place].committed = committed
        }
        counters.scans = 1
        counters.served = polls.count
    }

    /// Timestamp (µs) of the newest message that it may see.
    var horizon: UInt64 { bound }

    private var isDone: Bool {
        !polls.indices.contains { shares[$0].messages.count < polls[$0].room }
    }

    /// - Parameters:
    ///   - generation: the one that it was made for.
    ///   - tier: what it may look at.
    /// - Throws: RocksDB's refusal to read. What was read before it counts.
    mutating func run(in generation: Generation, _ tier: ReadTier) throws(RocksError) {
        defer { hand() }
        let family = generation.families.data
        let messages = RowWalk(
            messagesOf: start.stream, in: shard.database, family: family, format.keys, tier)
        var joins = start.constraints.map {
            IndexJoin(
                $0, of: start.stream, through: bound, in: shard.database, family: family,
                format.keys, tier)
        }
        var scanned = 0
        var last = start.after
        var isFirst = true
        var leap = false
        while scanned < batch, !isDone {
            let found: UInt64?
            if joins.isEmpty {
                found =
                    isFirst
                    ? try messages.seek(last + 1, &counters) : try messages.next(&counters)
            } else {
                found = try Self.move(
                    &joins, after: last, leaping: isFirst || leap, &counters)
            }
            isFirst = false
            guard let found else {
                counters.endsOfStream += 1
                hasEnded = true
                return
            }
            guard found <= bound else {
                counters.futures += 1
                hasEnded = true
                return
            }
            last = found
            if !joins.isEmpty, try messages.seek(found, &counters) != found {
                // An index row of a message that is not there.
                counters.misses += 1
                leap = true
                continue
            }
            let isWanted = try take(messages, at: found, generation)
            // As EMQX, which steps from a message that it takes and seeks from one that it does not.
            leap = !isWanted
            if isWanted { scanned += 1 }
        }
    }

    /// Moves the joins that stand at `last` or before it past it.
    /// - Returns: timestamp of the first message that any of them now stands at.
    private static func move(
        _ joins: inout [IndexJoin], after last: UInt64, leaping: Bool,
        _ counters: inout ReadCounters
    ) throws(RocksError) -> UInt64? {
        var first: UInt64?
        for place in joins.indices {
            if let current = joins[place].current, current <= last {
                if leaping {
                    try joins[place].seek(last + 1, &counters)
                } else {
                    try joins[place].next(&counters)
                }
            }
            if let current = joins[place].current { first = min(first ?? current, current) }
        }
        return first
    }

    /// Gives the message at which `walk` stands to the polls that want it.
    /// - Returns: false if it is not one that the constraints want, or cannot be read.
    private mutating func take(
        _ walk: RowWalk, at timestamp: UInt64, _ generation: Generation
    ) throws(RocksError) -> Bool {
        let kept = bytes.count
        for place in polls.indices where shares[place].messages.count < polls[place].room {
            shares[place].position = timestamp
        }
        let taken = try walk.row { key, value in
            Result { () throws(LayoutError) in
                try add(key, value, at: timestamp, generation)
            }
        }
        switch taken {
        case .success(let isWanted)?: return isWanted
        case nil: return false
        case .failure(let error)?:
            bytes.removeLast(bytes.count - kept)
            counters.damaged += 1
            damage.append(
                Damage(
                    timestamp: timestamp,
                    error: .damaged(
                        "a stored message of shard \(shard.number), stream \(start.stream), "
                            + "timestamp \(timestamp) µs, cannot be read (\(error)) and is passed over: "
                            + "restore the directory from a copy, or leave the message behind")))
            return false
        }
    }

    private mutating func add(
        _ key: RawSpan, _ value: RawSpan, at timestamp: UInt64, _ generation: Generation
    ) throws(LayoutError) -> Bool {
        let begin = bytes.count
        let message = try StoredMessage(
            decoding: value, as: format.values, appendingPropertiesTo: &bytes)
        var tokens: [UInt8] = []
        swap(&tokens, &varying)
        defer { swap(&tokens, &varying) }
        tokens.removeAll(keepingCapacity: true)
        message.varying.append(from: value, to: &tokens)
        try DataKey(key, format.keys)?.appendVarying(of: key, to: &tokens)
        guard
            start.constraints.isEmpty
                || start.constraints.contains(where: { $0.admits(varying: tokens.span.bytes) })
        else {
            counters.hashCollisions += 1
            bytes.removeLast(bytes.count - begin)
            return false
        }
        counters.hits += 1
        let topicBegin = bytes.count
        try generation.trie.withLock { trie throws(LayoutError) in
            try trie.appendTopic(of: start.stream, varying: tokens.span.bytes, to: &bytes)
        }
        let topic = topicBegin..<bytes.count
        let payload = topic.upperBound..<topic.upperBound + message.payload.count
        let expiry =
            begin < topicBegin
            ? messageExpiryInterval(in: bytes.span.bytes.extracting(begin..<topicBegin)) : nil
        var isWanted = false
        for place in polls.indices where shares[place].messages.count < polls[place].room {
            let request = polls[place].request
            let granted = message.from.withBytes(of: value) { from in
                request.granted(bytes.span.bytes.extracting(topic), from: from, at: timestamp)
            }
            guard let granted else { continue }
            if !isWanted { message.payload.append(from: value, to: &bytes) }
            isWanted = true
            let identifiersBegin = bytes.count
            if granted.hasIdentifier {
                var added: [UInt8] = []
                message.from.withBytes(of: value) { from in
                    request.appendIdentifiers(
                        bytes.span.bytes.extracting(topic), from: from, at: timestamp, to: &added)
                }
                bytes += added
            }
            shares[place].messages.append(
                StoredBatch.Message(
                    topic: topic, properties: begin..<topicBegin, payload: payload,
                    identifiers: identifiersBegin..<bytes.count, qos: min(message.qos, granted.qos),
                    retain: message.retain && granted.retainAsPublished,
                    cursor: polls[place].place, timestamp: timestamp, published: message.timestamp,
                    expiry: expiry))
        }
        if !isWanted { bytes.removeLast(bytes.count - begin) }
        return true
    }

    /// Gives each poll its share.
    private mutating func hand() {
        for place in polls.indices {
            let share = shares[place]
            polls[place].take(
                share.messages, in: bytes, upTo: share.position,
                ended: hasEnded && share.messages.count < polls[place].room, isOver: isFinal)
        }
    }
}
