internal import Layout
internal import MQTT
package import Measure
package import Storage

/// What a broker that starts finds in the tables of session state.
extension SessionLayer {
    /// Takes up all sessions that the tables hold; those whose time has passed while there was no broker end. Called
    /// once, before the first connection.
    ///
    /// Whose connection was alive when the broker ended is counted as gone from now on: nobody knows better, and
    /// nobody's session ends too early. Of a session whose time has passed the will is published at
    /// once: it is due with the end of the session [MQTT-3.1.3-9].
    /// - Throws: what the disk says, and for a row that another program wrote.
    package func restore(at now: MonotonicTime) throws(RocksError) {
        let wall = Int(wallClock())
        var expired: [String] = []
        var shared: [String] = []
        try store.forEachSession { client, rows in
            // Names that no client can have belong to shared subscriptions.
            if client.utf8.starts(with: [0]) { return shared.append(client) }
            guard case .metadata(let metadata)? = rows[.metadata] else { return }
            let left = metadata.isConnected ? wall : metadata.lastAlive
            let rest = left + metadata.expiry * 1_000 - wall
            let isEternal = metadata.expiry == Int(UInt32.max)
            guard isEternal || rest > 0 || metadata.will != nil else {
                return expired.append(client)
            }
            let session = restore(client, metadata, left: left, rows)
            counters.restored += 1
            if let will = metadata.will { restoreWill(will, of: session, at: now) }
            if !isEternal { wait(for: session, seconds: Double(max(0, rest)) / 1_000, at: now) }
            if metadata.isConnected {
                session.dirty.change(.metadata)
                mark(session)
            }
        }
        counters.expiredSessions += expired.count
        // A group ends with its last member.
        let groups = Set(groups.all.map(\.client))
        for client in expired + shared.filter({ !groups.contains($0) }) {
            store.commit(SessionChanges(client: client, isEnd: true))
        }
        try restoreAwaitedReleases()
    }

    /// Packet identifiers that storage kept with their messages. Those of sessions that are no more are freed.
    private func restoreAwaitedReleases() throws(RocksError) {
        var orphans: [(client: String, id: PacketID)] = []
        try store.forEachAwaitedRelease { client, id in
            guard let session = sessions[client: client] else {
                return orphans.append((client, id))
            }
            session.inbound.restore(id)
            session.inbound.store(id)
        }
        for orphan in orphans { forget([orphan.id], of: orphan.client) }
    }

    private func restore(
        _ client: String, _ metadata: StateValue.Metadata, left: Int,
        _ rows: [StateKey: StateValue]
    ) -> Session {
        let session = sessions.insert { number in
            Session(
                clientID: client, number: number,
                version: ProtocolVersion(rawValue: UInt8(clamping: metadata.version)) ?? .v5,
                expiryInterval: UInt32(clamping: metadata.expiry), limits: limits,
                receiveMaximum: limits.inflight, shards: 0, epoch: newEpoch())
        }
        var subscriptions: [Session.Subscription] = []
        var begins: [[UInt64]] = []
        var lastState = 0
        for (key, value) in rows {
            switch (key, value) {
            case (.subscriptionState(let number), .subscriptionState(let state)):
                lastState = max(lastState, number)
                guard case .subscription(let current)? = rows[.subscription(state.filter)],
                    current.state == number, let filter = try? TopicFilter(state.filter),
                    let subscription = restore(state, number, filter, of: session)
                else { continue }
                guard subscription.isDurable, subscription.group == nil,
                    state.begins.count == store.shards
                else { continue }
                subscriptions.append(subscription)
                begins.append(state.begins)
            case (.seqno(let seqno), .seqno(let number)): session.dirty.settle(seqno, at: number)
            case (.awaitingRelease(let id), _):
                if let id = PacketID(id) { session.inbound.restore(id) }
            default: break
            }
        }
        session.restore(created: metadata.created, left: left, lastSubscription: lastState)
        let kept = restoreStreams(rows, of: session)
        session.reading = Reading(subscriptions, begins: begins, kept: kept, epoch: newEpoch())
        return session
    }

    private func restore(
        _ state: StateValue.SubscriptionState, _ number: Int, _ filter: TopicFilter,
        of session: Session
    ) -> Session.Subscription? {
        guard let qos = QoS(rawValue: UInt8(clamping: state.qos)) else { return nil }
        var subscription = Session.Subscription(
            filter: filter, qos: qos, noLocal: state.noLocal,
            isDurable: qos != .atMostOnce || store.storesForQoS0, state: number,
            retainAsPublished: state.retainAsPublished,
            identifier: UInt32(clamping: state.identifier))
        if filter.sharedGroup != nil {
            subscription.group =
                join(
                    filter, session, qos: qos, retainAsPublished: subscription.retainAsPublished,
                    identifier: subscription.identifier, isDurable: subscription.isDurable
                ).number
        } else if subscription.isDurable {
            durableRoutes.insert(filter, session.number)
        } else {
            liveRoutes.insert(filter, LiveRoute(subscription, of: session))
        }
        session.subscriptions[filter.text] = subscription
        return subscription
    }

    /// How far each stream is read, what of its last batch is not completed, and what only waits for PUBCOMP.
    private func restoreStreams(
        _ rows: [StateKey: StateValue], of session: Session
    ) -> Reading.Kept {
        let counters = session.dirty.counters
        let done1 = counters[.committedQoS1], done2 = counters[.committedQoS2]
        let received = max(counters[.received], done2)
        var kept = Reading.Kept()
        var released: [(number: Int, cursor: Delivery.Cursor)] = []
        var next1 = counters[.nextQoS1], next2 = counters[.nextQoS2]
        for case (.stream(let shard, let address), .stream(let batch)) in rows {
            next1 = max(next1, batch.lastQoS1)
            next2 = max(next2, batch.lastQoS2)
            let owed1 = max(0, batch.lastQoS1 - max(done1, batch.firstQoS1 - 1))
            let owed2 = max(0, batch.lastQoS2 - max(done2, batch.firstQoS2 - 1))
            let cursor = Delivery.Cursor(shard: shard, address: address)
            let waiting =
                max(
                    done2 + 1, batch.firstQoS2)...max(
                    max(done2 + 1, batch.firstQoS2), min(received, batch.lastQoS2))
            for number in waiting where number <= min(received, batch.lastQoS2) {
                released.append((number, cursor))
            }
            kept.places.append(
                Reading.Kept.Place(
                    shard: shard, address: address, after: batch.end, owed: owed1 + owed2,
                    isBare: owed1 + owed2 > 0, batch: batch))
        }
        for case (.rank(let shard), .rank(let generation)) in rows {
            kept.finished[shard] = generation
        }
        // A kill may have come between the tables.
        session.dirty.settle(.nextQoS1, at: next1)
        session.dirty.settle(.nextQoS2, at: next2)
        for (number, cursor) in released.sorted(by: { $0.number < $1.number }) {
            session.inflight.restore(
                number: number, qos: .exactlyOnce, delivery: nil, cursor: cursor)
        }
        return kept
    }

    /// Takes messages of before a restart that storage has read again: what was sent and not completed is repeated
    /// under its old packet identifier, what was not sent waits again.
    ///
    /// Where the batch is not the one that was numbered, because subscriptions have changed or messages are gone,
    /// all that is left of it is sent under new numbers: it may come twice, it is not lost.
    /// - Returns: whether storage could read it.
    func adopt(_ reply: ReadReply, _ session: Session) -> Bool {
        guard let address = reply.cursors.first?.address,
            let batch = session.reading?.bare(address, in: reply.shard)
        else { return true }
        if reply.outcome == .refused { return false }
        let counters = session.dirty.counters
        let isExact = reply.messages.messages.count == batch.batchSize
        let cursor = Delivery.Cursor(shard: reply.shard, address: address)
        var owed = session.inflight.slots.count { $0.group == nil && $0.cursor == cursor }
        var (qos1, qos2) = (batch.firstQoS1 - 1, batch.firstQoS2 - 1)
        for message in reply.messages.messages where message.qos != .atMostOnce {
            var delivery = Delivery(batch: reply.messages, message: message, cursor: cursor)
            let isFirst = message.qos == .atLeastOnce
            if isExact {
                if isFirst { qos1 += 1 } else { qos2 += 1 }
                delivery.number = isFirst ? qos1 : qos2
                let done = isFirst ? counters[.committedQoS1] : counters[.received]
                guard delivery.number > done else { continue }
            } else {
                delivery.number = session.dirty.advance(isFirst ? .nextQoS1 : .nextQoS2)
            }
            owed += 1
            if delivery.number <= counters[isFirst ? .sentQoS1 : .sentQoS2] {
                session.inflight.restore(
                    number: delivery.number, qos: message.qos, delivery: delivery, cursor: cursor)
            } else {
                session.enqueue(delivery)
            }
        }
        session.reading?.adopted(
            address, in: reply.shard, owed: owed, marking: &session.dirty)
        mark(session)
        return true
    }
}
