internal import MQTT
internal import Measure
internal import Storage

/// When the state of durable sessions reaches its tables (reference 4.1). A subscriber's acknowledgement
/// never causes a write by itself.
extension SessionLayer {
    /// The first commit after a session has begun or come back.
    static let firstCommit = Nanoseconds.milliseconds(100)

    /// Its state has changed: it is committed when its time has come.
    func mark(_ session: Session) {
        guard session.durable, !session.isMarked, !session.isEnded else { return }
        session.isMarked = true
        marked.append(session)
    }

    /// Its state is handed to its tables now.
    func commitState(of session: Session) {
        guard session.durable, !session.isEnded else { return }
        store.commit(changes(of: session, withMetadata: true))
    }

    /// It is no longer kept.
    func commitEnd(of session: Session) {
        guard session.durable else { return }
        session.isEnded = true
        store.commit(SessionChanges(client: session.clientID, isEnd: true))
    }

    func commitDueState(at now: MonotonicTime) {
        // With state committed before it is promised, what no packet promises still waits for the timer.
        var interval = Nanoseconds.seconds(5)
        if case .every(let engines) = store.sessionCommits { interval = engines }
        marked.removeAll { session in
            guard session.nextCommit <= now || session.isEnded else { return false }
            session.isMarked = false
            if !session.isEnded, !session.dirty.isEmpty {
                session.nextCommit = now + interval
                commitState(of: session)
            }
            return true
        }
    }

    func changes(of session: Session, withMetadata: Bool) -> SessionChanges {
        var changes = SessionChanges(client: session.clientID)
        if withMetadata { session.dirty.change(.metadata) }
        session.settleProgress()
        session.dirty.take(into: &changes) { key in
            switch key {
            case .subscription(let filter):
                session.subscriptions[filter].map {
                    .subscription(StateValue.Subscription(state: $0.state))
                }
            case .subscriptionState(let number): state(number, of: session)
            case .stream(let shard, let stream):
                (session.reading?.batch(of: stream, in: shard)).map { .stream($0) }
            case .metadata: metadata(of: session)
            case .rank(let shard): (session.reading?.finished(in: shard)).map { .rank($0) }
            // Numbers and identifiers are kept as values.
            case .seqno, .awaitingRelease: nil
            }
        }
        return changes
    }

    private func metadata(of session: Session) -> StateValue {
        .metadata(
            StateValue.Metadata(
                created: session.created, lastAlive: session.left ?? Int(wallClock()),
                expiry: Int(session.expiryInterval), version: Int(session.version.rawValue),
                isConnected: session.connection != nil,
                will: keptWill(of: session)))
    }

    private func state(_ number: Int, of session: Session) -> StateValue? {
        guard let subscription = session.subscriptions.values.first(where: { $0.state == number })
        else { return nil }
        return .subscriptionState(
            StateValue.SubscriptionState(
                filter: subscription.filter.text, qos: Int(subscription.qos.rawValue),
                noLocal: subscription.noLocal,
                begins: session.reading?.begins(of: subscription.filter) ?? [],
                retainAsPublished: subscription.retainAsPublished,
                identifier: Int(subscription.identifier)))
    }
}
