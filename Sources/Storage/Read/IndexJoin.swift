internal import Layout

/// The messages of a stream that have certain tokens on certain varying levels, found in the index alone:
/// one iterator for each level that is constrained, which leap over one another until they stand at the
/// same timestamp (reference 4.2). A level where any token will do has no iterator.
struct IndexJoin {
    private let walks: [RowWalk]
    /// Timestamp of the newest message that may be found.
    private let bound: UInt64
    /// Timestamp of the message it stands at: 0 before all of them, nil past the last one. Past the bound it
    /// is only known that there is no message up to it.
    private(set) var current: UInt64? = 0

    /// - Precondition: the constraint wants a token of at least one level.
    init(
        _ constraint: StreamConstraint, of stream: StreamID, through bound: UInt64,
        in database: borrowing Database, family: Int, _ scheme: KeyScheme, _ tier: ReadTier
    ) {
        precondition(!constraint.isVoid)
        self.bound = bound
        var walks: [RowWalk] = []
        for (place, token) in constraint.tokens.enumerated() {
            guard let token else { continue }
            walks.append(
                RowWalk(
                    of: TokenHash(of: token.span.bytes), level: place + 1, in: stream,
                    database: database, family: family, scheme, tier))
        }
        self.walks = walks
    }

    /// To the first message that is not earlier than `timestamp`.
    mutating func seek(_ timestamp: UInt64, _ counters: inout ReadCounters) throws(RocksError) {
        try settle(at: walks[0].seek(timestamp, &counters), &counters)
    }

    /// To the message after the current one.
    mutating func next(_ counters: inout ReadCounters) throws(RocksError) {
        try settle(at: walks[0].next(&counters), &counters)
    }

    /// Moves all levels on from where the first one stands, until they agree.
    private mutating func settle(
        at first: UInt64?, _ counters: inout ReadCounters
    ) throws(RocksError) {
        current = first
        var agreeing = 1
        while agreeing < walks.count, let wanted = current, wanted <= bound {
            let found = try walks[agreeing].seek(wanted, &counters)
            if found == wanted {
                agreeing += 1
            } else if let found {
                counters.misses += 1
                current = found > bound ? found : try walks[0].seek(found, &counters)
                agreeing = 1
            } else {
                current = nil
            }
        }
    }
}
