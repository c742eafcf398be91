package import MQTT

/// The subscriptions of durable sessions, as far as they are known: what decides whether EMQX stores a
/// message at all.
///
/// A session is durable if it was opened with clean session off (before version 5) or with an expiry
/// above zero (version 5). Subscriptions older than the capture are in it only if they were given or inferred.
struct DurableSubscriptions {
    private var index = FilterIndex<Int>()
    private var sessions: [String: Session] = [:]
    private var opened = 0
    private var expiries = ExpiryQueue<String>()
    private(set) var absences = Absences()
    /// Changes whenever the answer of `matches` may.
    private(set) var generation = 0
    /// Sessions that a broker said it had and that were opened before the capture began.
    private(set) var unknownSessions = 0
    /// Subscriptions that are not followed, because there are too many or their filters are too deep.
    private(set) var leftOut = 0
    /// Pairs of session and filter that are followed.
    private static let limit = 1 << 18
    /// Whether a subscription at QoS 0 makes messages durable: not from EMQX 5.10 on (reference 3.1).
    private let storesForQoS0: Bool

    private struct Session {
        let number: Int
        /// Seconds after the client has gone; nil is never.
        var expiry: UInt32?
        var filters: Set<TopicFilter> = []
        var expiresAt = Int64.max
        /// The capture shows no earlier connection with it.
        var isNew = true
        /// Of its client at present.
        var connection: Int?
    }

    init(storesForQoS0: Bool = true) { self.storesForQoS0 = storesForQoS0 }

    var count: Int { sessions.count }
    /// Different filters that are subscribed to now, with how many sessions.
    var filters: [String: Int] {
        sessions.values.reduce(into: [:]) { counts, session in
            for filter in session.filters { counts[filter.text, default: 0] += 1 }
        }
    }

    func matches(_ topic: RawSpan) -> Bool { index.matchesAny(topic) }

    /// Whether a filter of this client's session matches: what the capture shows it to have subscribed to
    /// itself, or what is assumed.
    func matches(_ topic: RawSpan, for client: String) -> Bool {
        sessions[client]?.filters.contains { $0.matches(topic) } ?? false
    }

    mutating func connected(_ connect: Connect, on connection: Int, at time: Int64) {
        if connect.cleanStart || !connect.isDurable { remove(connect.clientID, at: time) }
        guard connect.isDurable else { return }
        if let known = sessions[connect.clientID] {
            absences.returned(known.number, at: time)
        } else {
            open(connect.clientID)
        }
        sessions[connect.clientID]?.expiry = connect.expiry
        sessions[connect.clientID]?.expiresAt = .max
        sessions[connect.clientID]?.connection = connection
    }

    /// What the broker knows of the session beats what the capture has shown.
    /// - Returns: whether the session was opened before the capture began.
    mutating func answered(_ client: String, sessionPresent: Bool) -> Bool {
        guard let session = sessions[client] else { return false }
        let isOlder = sessionPresent && session.isNew
        if isOlder { unknownSessions += 1 }
        if !sessionPresent { forget(session.filters, of: client) }
        sessions[client]?.isNew = false
        return isOlder
    }

    mutating func subscribe(_ client: String, _ subscriptions: [Subscription]) {
        guard sessions[client] != nil else { return }
        for subscription in subscriptions where storesForQoS0 || subscription.qos > .atMostOnce {
            guard let filter = try? TopicFilter(subscription.filter) else { continue }
            insert(filter, of: client)
        }
    }

    /// A subscription that the capture does not show: of a session that was there before it began.
    mutating func assume(_ client: String, _ filter: TopicFilter) {
        if sessions[client] == nil { open(client) }
        insert(filter, of: client)
    }

    mutating func unsubscribe(_ client: String, _ filters: [String]) {
        guard sessions[client] != nil else { return }
        forget(Set(filters.compactMap { try? TopicFilter($0) }), of: client)
    }

    /// - Parameter expiry: of a DISCONNECT that changes it, in seconds.
    mutating func disconnected(
        _ client: String, on connection: Int, expiry: UInt32?, at time: Int64
    ) {
        // Another connection may have taken the session over before this one was seen to end.
        guard var session = sessions[client], session.connection == connection else { return }
        session.connection = nil
        if let expiry { session.expiry = expiry == .max ? nil : expiry }
        session.expiresAt = session.expiry.map { time &+ Int64($0) * 1_000_000_000 } ?? .max
        sessions[client] = session
        if session.expiresAt != .max { expiries.add(client, at: session.expiresAt) }
        absences.left(session.number, session.filters, at: time)
    }

    /// Ends the sessions whose time is up.
    mutating func expire(at time: Int64) {
        guard time >= expiries.next else { return }
        while let client = expiries.take(at: time) {
            // It may have come back, and gone again, since.
            if let session = sessions[client], session.expiresAt <= time {
                remove(client, at: time)
            }
        }
    }

    /// A message that is stored: what waits for those who are away grows.
    mutating func stored(_ topic: RawSpan, bytes: Int) { absences.stored(topic, bytes: bytes) }

    private mutating func open(_ client: String) {
        opened += 1
        sessions[client] = Session(number: opened)
    }

    private mutating func insert(_ filter: TopicFilter, of client: String) {
        guard let session = sessions[client] else { return }
        guard index.count < Self.limit, filter.levelCount <= TopicTable.deepest else {
            leftOut += 1
            return
        }
        index.insert(filter, session.number)
        sessions[client]?.filters.insert(filter)
        generation += 1
    }

    private mutating func remove(_ client: String, at time: Int64) {
        guard let session = sessions[client] else { return }
        forget(session.filters, of: client)
        absences.ended(session.number, at: time)
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
    package var isDurable: Bool { version < .v5 ? !cleanStart : sessionExpiry > 0 }

    /// Seconds that the session outlives the connection; `UInt32.max` is for ever. 0 before version 5.
    package var sessionExpiry: UInt32 {
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
