internal import MQTT
internal import Measure
internal import Storage

extension SessionLayer {
    func subscribe(
        _ packet: Subscribe, _ connection: Connection, _ number: Int, into outbox: inout Outbox
    ) {
        guard let session = connection.session else { return }
        let codes = packet.subscriptions.map { wanted -> UInt8 in
            let filter: TopicFilter
            do { filter = try TopicFilter(wanted.filter) } catch {
                return connection.version == .v5 ? Reason.topicFilterInvalid.rawValue : 0x80
            }
            guard filter.sharedGroup == nil else {
                return connection.version == .v5
                    ? Reason.sharedSubscriptionsNotSupported.rawValue : 0x80
            }
            if let old = session.subscriptions[filter.text] { withdraw(old, of: session) }
            let subscription = Session.Subscription(
                filter: filter, qos: wanted.qos, noLocal: wanted.noLocal,
                isDurable: session.durable && (wanted.qos != .atMostOnce || store.storesForQoS0),
                state: session.newSubscriptionState())
            session.subscriptions[filter.text] = subscription
            if session.durable {
                session.dirty.change(.subscription(filter.text))
                session.dirty.change(.subscriptionState(subscription.state))
            }
            if subscription.isDurable {
                durableRoutes.insert(filter, session.number)
            } else {
                liveRoutes.insert(filter, liveRoute(subscription, of: session))
            }
            return wanted.qos.rawValue
        }
        let suback = Packet.suback(
            Suback(packetID: packet.packetID, properties: [], reasonCodes: codes))
        outbox.send(to: number) { suback.write(to: &$0, version: connection.version) }
        readWhatIsSubscribed(session)
    }

    func unsubscribe(
        _ packet: Unsubscribe, _ connection: Connection, _ number: Int, into outbox: inout Outbox
    ) {
        guard let session = connection.session else { return }
        let codes = packet.filters.map { text -> UInt8 in
            guard let old = session.subscriptions.removeValue(forKey: text) else {
                return Reason.noSubscriptionExisted.rawValue
            }
            withdraw(old, of: session)
            return Reason.success.rawValue
        }
        let unsuback = Packet.unsuback(
            Unsuback(packetID: packet.packetID, properties: [], reasonCodes: codes))
        outbox.send(to: number) { unsuback.write(to: &$0, version: connection.version) }
        readWhatIsSubscribed(session)
    }

    func withdraw(_ subscription: Session.Subscription, of session: Session) {
        if session.durable {
            session.dirty.delete(.subscription(subscription.filter.text))
            session.dirty.delete(.subscriptionState(subscription.state))
        }
        if subscription.isDurable {
            durableRoutes.remove(subscription.filter, session.number)
        } else {
            liveRoutes.remove(subscription.filter, liveRoute(subscription, of: session))
        }
    }

    private func liveRoute(_ subscription: Session.Subscription, of session: Session) -> LiveRoute {
        LiveRoute(session: session.number, qos: subscription.qos, noLocal: subscription.noLocal)
    }

    private func readWhatIsSubscribed(_ session: Session) {
        guard session.durable else { return }
        let subscriptions = session.subscriptions.values.filter(\.isDurable).sorted {
            $0.filter.text < $1.filter.text
        }
        session.reading?.subscribe(subscriptions, epoch: newEpoch(), store: store)
        commitState(of: session)
        ask(for: session)
    }
}
