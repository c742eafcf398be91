internal import MQTT
internal import Measure
internal import Storage

extension SessionLayer {
    func subscribe(
        _ packet: Subscribe, _ connection: Connection, _ number: Int, into outbox: inout Outbox
    ) {
        guard let session = connection.session else { return }
        let identifier: UInt32 =
            packet.properties.lazy.compactMap {
                if case .subscriptionIdentifier(let identifier) = $0 { identifier } else { nil }
            }.first ?? 0
        let codes = packet.subscriptions.map { wanted in
            subscribe(wanted, identifier, connection, session, into: &outbox)
        }
        let suback = Packet.suback(
            Suback(packetID: packet.packetID, properties: [], reasonCodes: codes))
        outbox.send(to: number) { suback.write(to: &$0, version: connection.version) }
        readWhatIsSubscribed(session)
        fill(session, into: &outbox)
        takeShares(session, into: &outbox)
    }

    /// One line of a SUBSCRIBE.
    /// - Returns: its reason code.
    private func subscribe(
        _ wanted: Subscription, _ identifier: UInt32, _ connection: Connection, _ session: Session,
        into outbox: inout Outbox
    ) -> UInt8 {
        let filter: TopicFilter
        do throws(CodecError) { filter = try TopicFilter(wanted.filter) } catch {
            return connection.version == .v5 ? Reason.topicFilterInvalid.rawValue : 0x80
        }
        guard isAllowed(.subscribe, wanted.filter, connection) else {
            return connection.version == .v5 ? Reason.notAuthorized.rawValue : 0x80
        }
        let old = session.subscriptions[filter.text]
        if let reason = breach(of: filter, session, isNew: old == nil) {
            // Before version 5 there is one code for all failures.
            return connection.version == .v5 ? reason.rawValue : 0x80
        }
        let isShared = filter.sharedGroup != nil
        // A member that subscribes anew stays one: the group may be nobody else's.
        if let old, !isShared { withdraw(old, of: session, into: &outbox) }
        let qos = min(wanted.qos, limits.maximumQoS)
        var subscription = Session.Subscription(
            filter: filter, qos: qos, noLocal: wanted.noLocal,
            isDurable: session.durable && (qos != .atMostOnce || store.storesForQoS0),
            state: session.newSubscriptionState(),
            retainAsPublished: wanted.retainAsPublished || connection.isBridge,
            identifier: identifier)
        if session.durable {
            if let old { session.dirty.delete(.subscriptionState(old.state)) }
            session.dirty.change(.subscription(filter.text))
            session.dirty.change(.subscriptionState(subscription.state))
        }
        if isShared {
            subscription.group =
                join(
                    filter, session, qos: qos,
                    retainAsPublished: subscription.retainAsPublished, identifier: identifier,
                    isDurable: subscription.isDurable
                ).number
        } else if subscription.isDurable {
            durableRoutes.insert(filter, session.number)
        } else {
            liveRoutes.insert(filter, LiveRoute(subscription, of: session))
        }
        session.subscriptions[filter.text] = subscription
        // Retain Handling [MQTT-3.3.1-9], [MQTT-3.3.1-10], [MQTT-3.3.1-11]; none for shared subscriptions (4.8.2).
        if !isShared, wanted.retainHandling == 0 || wanted.retainHandling == 1 && old == nil {
            sendRetained(for: subscription, of: session)
        }
        return qos.rawValue
    }

    /// The first of the broker's limits that a subscription breaks; nil if none.
    private func breach(of filter: TopicFilter, _ session: Session, isNew: Bool) -> Reason? {
        if filter.sharedGroup != nil, !limits.sharedSubscriptions {
            return .sharedSubscriptionsNotSupported
        }
        if filter.hasWildcard, !limits.wildcardSubscriptions {
            return .wildcardSubscriptionsNotSupported
        }
        if filter.levelCount > limits.topicLevels { return .topicFilterInvalid }
        if isNew, session.subscriptions.count >= limits.subscriptions { return .quotaExceeded }
        return nil
    }

    func unsubscribe(
        _ packet: Unsubscribe, _ connection: Connection, _ number: Int, into outbox: inout Outbox
    ) {
        guard let session = connection.session else { return }
        let codes = packet.filters.map { text -> UInt8 in
            guard let old = session.subscriptions.removeValue(forKey: text) else {
                return Reason.noSubscriptionExisted.rawValue
            }
            session.retained.removeAll { $0.filter == text }
            withdraw(old, of: session, into: &outbox)
            return Reason.success.rawValue
        }
        let unsuback = Packet.unsuback(
            Unsuback(packetID: packet.packetID, properties: [], reasonCodes: codes))
        outbox.send(to: number) { unsuback.write(to: &$0, version: connection.version) }
        readWhatIsSubscribed(session)
    }

    func withdraw(
        _ subscription: Session.Subscription, of session: Session, into outbox: inout Outbox
    ) {
        if session.durable {
            session.dirty.delete(.subscription(subscription.filter.text))
            session.dirty.delete(.subscriptionState(subscription.state))
        }
        if let group = subscription.group {
            leave(group, session, into: &outbox)
        } else if subscription.isDurable {
            durableRoutes.remove(subscription.filter, session.number)
        } else {
            liveRoutes.remove(subscription.filter, LiveRoute(subscription, of: session))
        }
    }

    private func readWhatIsSubscribed(_ session: Session) {
        guard session.durable else { return }
        let subscriptions = session.subscriptions.values.filter { $0.isDurable && $0.group == nil }
            .sorted {
                $0.filter.text < $1.filter.text
            }
        session.reading?.subscribe(subscriptions, epoch: newEpoch(), store: store)
        commitState(of: session)
        ask(for: session)
    }
}
