internal import MQTT

/// What the broker of a fleet knows: sessions, subscriptions, retained messages. It decides who gets what; when is
/// the matter of `FleetRun`.
struct FleetBroker {
    let terms: BrokerTerms
    private(set) var retained = TopicIndex<FleetMessage>()
    var sessions: [FleetSession]
    private var subscribers = FilterIndex<Subscriber>()
    private var shares: [Share] = []
    /// By the whole filter.
    private var shareNumbers: [TopicFilter: Int32] = [:]

    /// A client's subscription, or a group that shares one.
    private struct Subscriber: Hashable {
        /// -1 for a shared subscription.
        let client: Int32
        /// Of the client's group, or of `shares`.
        let number: Int32
    }

    private struct Share {
        struct Member: Equatable {
            let client: Int32
            let number: Int32
        }

        var members: [Member] = []
        var next = 0
    }

    init(_ terms: BrokerTerms, clients: Int) {
        self.terms = terms
        sessions = Array(repeating: FleetSession(), count: clients)
    }

    /// - Returns: whether the session did not have it before.
    mutating func subscribe(_ client: Int, _ filter: TopicFilter, number: Int) -> Bool {
        guard !sessions[client].subscriptions.contains(where: { $0.filter == filter }) else {
            return false
        }
        sessions[client].subscriptions.append(.init(filter: filter, number: number))
        guard filter.sharedGroup != nil else {
            subscribers.insert(filter, Subscriber(client: Int32(client), number: Int32(number)))
            return true
        }
        let share = shareNumbers[filter] ?? Int32(shares.count)
        if shareNumbers[filter] == nil {
            shareNumbers[filter] = share
            shares.append(Share())
        }
        if shares[Int(share)].members.isEmpty {
            subscribers.insert(filter, Subscriber(client: -1, number: share))
        }
        shares[Int(share)].members.append(.init(client: Int32(client), number: Int32(number)))
        return true
    }

    /// Ends a session with all that it holds.
    mutating func endSession(_ client: Int) {
        for subscription in sessions[client].subscriptions {
            guard subscription.filter.sharedGroup != nil else {
                subscribers.remove(
                    subscription.filter,
                    Subscriber(client: Int32(client), number: Int32(subscription.number)))
                continue
            }
            guard let share = shareNumbers[subscription.filter] else { continue }
            shares[Int(share)].members.removeAll { $0.client == Int32(client) }
            if shares[Int(share)].members.isEmpty {
                subscribers.remove(subscription.filter, Subscriber(client: -1, number: share))
            }
        }
        let generation = sessions[client].generation
        sessions[client] = FleetSession()
        sessions[client].generation = generation + 1
    }

    mutating func retain(_ message: FleetMessage) {
        let topic = message.topic
        if message.payload.isEmpty {
            retained.remove(topic.span.bytes)
        } else {
            retained.insert(message, for: topic.span.bytes)
        }
    }

    /// In order of their topics, because an index promises none.
    func retained(matching filter: TopicFilter, at time: Int64) -> [FleetMessage] {
        var found: [FleetMessage] = []
        retained.forEachMatch(filter) { if $0.expiresAt > time { found.append($0) } }
        return found.sorted { $0.topic.lexicographicallyPrecedes($1.topic) }
    }

    /// Whom a message goes to, and under which subscription of theirs.
    mutating func recipients(
        of topic: RawSpan, isConnected: (Int) -> Bool, into found: inout [(Int, Int)]
    ) {
        found.removeAll(keepingCapacity: true)
        var shared: [Int] = []
        subscribers.forEachMatch(topic) {
            if $0.client >= 0 {
                found.append((Int($0.client), Int($0.number)))
            } else {
                shared.append(Int($0.number))
            }
        }
        for share in shared {
            if let member = pick(share, isConnected) { found.append(member) }
        }
    }

    /// In turn, and rather one that is connected [MQTT-4.8.2-6 leaves it to the server].
    private mutating func pick(_ share: Int, _ isConnected: (Int) -> Bool) -> (Int, Int)? {
        let members = shares[share].members
        guard !members.isEmpty else { return nil }
        let start = shares[share].next % members.count
        var chosen = start
        for step in members.indices {
            let place = (start + step) % members.count
            if isConnected(Int(members[place].client)) {
                chosen = place
                break
            }
        }
        shares[share].next = chosen + 1
        return (Int(members[chosen].client), Int(members[chosen].number))
    }
}

/// What a broker keeps for one client.
struct FleetSession {
    struct Subscription {
        let filter: TopicFilter
        /// Of the client's group.
        let number: Int
    }

    var exists = false
    /// It outlives the connection.
    var isDurable = false
    /// Seconds; `UInt32.max` is for ever.
    var expiry: UInt32 = 0
    /// Changes when a client comes or the session ends, so that what was planned before is void.
    var generation: Int32 = 0
    /// Of the connection that is open, or of the last one as long as it waits.
    var will: Will?
    /// Nanoseconds.
    var willDelay: Int64 = 0
    var subscriptions: [Subscription] = []
    var queue = Fifo<FleetDelivery>()
    var inflight: [FleetDelivery] = []
    var lastPacketID: UInt16 = 0
    /// Identifiers of messages at QoS 2 whose PUBREL has not come.
    var received: [UInt16] = []
    /// A delivery is planned.
    var isDelivering = false
    /// What was in flight has to be sent again first.
    var mustRepeat = false

    mutating func nextPacketID() -> UInt16 {
        repeat {
            lastPacketID = lastPacketID == .max ? 1 : lastPacketID + 1
        } while inflight.contains { $0.packetID == lastPacketID }
        return lastPacketID
    }
}
