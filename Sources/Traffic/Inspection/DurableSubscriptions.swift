internal import MQTT

/// The subscriptions of durable sessions, as far as the capture shows them: what decides whether EMQX
/// stores a message at all.
///
/// A session is durable if it was opened with clean session off (before version 5) or with an expiry
/// above zero (version 5).
struct DurableSubscriptions {
    private var index = FilterIndex<Int>()
    private var sessions: [String: Session] = [:]
    private var opened = 0
    /// When the next session that lost its client expires.
    private var nextExpiry = Int64.max
    /// Changes whenever the answer of `matches` may.
    private(set) var generation = 0
    /// Sessions that a broker said it had and that were opened before the capture began.
    private(set) var unknownSessions = 0

    private struct Session {
        let number: Int
        /// Seconds after the client has gone; nil is never.
        var expiry: UInt32?
        var filters: Set<TopicFilter> = []
        var expiresAt = Int64.max
        /// The capture shows no earlier connection with it.
        var isNew = true
    }

    func matches(_ topic: RawSpan) -> Bool { index.matchesAny(topic) }

    mutating func connected(_ connect: Connect) {
        if connect.cleanStart || !connect.isDurable { remove(connect.clientID) }
        guard connect.isDurable else { return }
        if sessions[connect.clientID] == nil {
            opened += 1
            sessions[connect.clientID] = Session(number: opened)
        }
        sessions[connect.clientID]?.expiry = connect.expiry
        sessions[connect.clientID]?.expiresAt = .max
    }

    /// What the broker knows of the session beats what the capture has shown.
    mutating func answered(_ client: String, sessionPresent: Bool) {
        guard let session = sessions[client] else { return }
        if sessionPresent, session.isNew { unknownSessions += 1 }
        if !sessionPresent { forget(session.filters, of: client) }
        sessions[client]?.isNew = false
    }

    mutating func subscribe(_ client: String, _ filters: [String]) {
        guard let session = sessions[client] else { return }
        for text in filters {
            guard let filter = try? TopicFilter(text) else { continue }
            index.insert(filter, session.number)
            sessions[client]?.filters.insert(filter)
        }
        generation += 1
    }

    mutating func unsubscribe(_ client: String, _ filters: [String]) {
        guard sessions[client] != nil else { return }
        forget(Set(filters.compactMap { try? TopicFilter($0) }), of: client)
    }

    /// - Parameter expiry: of a DISCONNECT that changes it, in seconds.
    mutating func disconnected(_ client: String, expiry: UInt32?, at time: Int64) {
        guard var session = sessions[client] else { return }
        if let expiry { session.expiry = expiry == .max ? nil : expiry }
        session.expiresAt = session.expiry.map { time + Int64($0) * 1_000_000_000 } ?? .max
        sessions[client] = session
        nextExpiry = min(nextExpiry, session.expiresAt)
    }

    /// Ends the sessions whose time is up.
    mutating func expire(at time: Int64) {
        guard time >= nextExpiry else { return }
        for (client, session) in sessions where session.expiresAt <= time { remove(client) }
        nextExpiry = sessions.values.map(\.expiresAt).min() ?? .max
    }

    private mutating func remove(_ client: String) {
        guard let session = sessions[client] else { return }
        forget(session.filters, of: client)
        sessions[client] = nil
    }

    private mutating func forget(_ filters: Set<TopicFilter>, of client: String) {
        guard let session = sessions[client] else { return }
        for filter in filters {
            // Two filters may end in one place of the index: one of them shared.
            let isAlone = !session.filters.contains { $0 != filter && $0.isSharedTwin(of: filter) }
            if session.filters.contains(filter), isAlone { index.remove(filter, session.number) }
        }
        sessions[client]?.filters.subtract(filters)
        generation += 1
    }
}

extension Connect {
    /// Whether the session outlives the connection.
    var isDurable: Bool { version < .v5 ? !cleanStart : sessionExpiry > 0 }

    /// Seconds that the session outlives the connection; `UInt32.max` is for ever. 0 before version 5.
    var sessionExpiry: UInt32 {
        for case .sessionExpiryInterval(let seconds) in properties { return seconds }
        return 0
    }

    /// As the session keeps it. Before version 5 the broker's own setting decides, which is hours.
    fileprivate var expiry: UInt32? { version < .v5 || sessionExpiry == .max ? nil : sessionExpiry }
}

extension TopicFilter {
    private var inner: Substring {
        guard let sharedGroup else { return text[...] }
        return text.dropFirst("$share//".count + sharedGroup.count)
    }

    fileprivate func isSharedTwin(of other: TopicFilter) -> Bool { inner == other.inner }
}
