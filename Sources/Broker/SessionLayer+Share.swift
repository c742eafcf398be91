internal import MQTT
internal import Measure
internal import Storage

/// Shared subscriptions: who gets which message, and what becomes of it when they go.
extension SessionLayer {
    /// `session` becomes a member of the group of a shared subscription.
    /// - Returns: the group.
    func join(
        _ filter: TopicFilter, _ session: Session, qos: QoS, retainAsPublished: Bool,
        identifier: UInt32, isDurable: Bool
    ) -> SharedGroup {
        let group = groups[filter.text] ?? groups.new(filter)
        let isNew = group.members.isEmpty
        group.join(
            SharedGroup.Member(
                session: session.number, qos: qos, retainAsPublished: retainAsPublished,
                identifier: identifier))
        if isDurable, group.reading == nil {
            if !isNew { sharedRoutes.remove(filter, group.number) }
            durableRoutes.insert(filter, group.reader)
            readFromStorage(group)
        } else if isNew {
            sharedRoutes.insert(filter, group.number)
        }
        return group
    }

    private func readFromStorage(_ group: SharedGroup) {
        // At all QoS and with the flag as published: each member has its own say.
        let subscription = Session.Subscription(
            filter: group.filter, qos: .exactlyOnce, noLocal: false, isDurable: true, state: 1,
            retainAsPublished: true)
        // Before the first connection the members are those of before a restart.
        if !hasOpened, let kept = keptReading(of: group, subscription) {
            group.reading = kept
            return
        }
        var reading = Reading(shards: store.shards, epoch: newEpoch())
        reading.subscribe([subscription], epoch: newEpoch(), store: store)
        group.reading = reading
        group.dirty.change(.subscription(group.filter.text))
        group.dirty.change(.subscriptionState(1))
        commitState(of: group)
    }

    /// The reading that the rows of a group tell of: what was handed out and is not known to be completed is handed
    /// out again, at QoS 2 too, since the members' halves of it are not kept. Rows that cannot be read make it begin
    /// with all that storage has: messages may come twice, they are not lost.
    private func keptReading(
        of group: SharedGroup, _ subscription: Session.Subscription
    ) -> Reading? {
        var begins: [UInt64]?
        var positions = [[StreamAddress: UInt64]](repeating: [:], count: store.shards)
        var finished: [Int: Int] = [:]
        do throws(RocksError) {
            for (key, value) in try store.sessionRows(of: group.client) {
                switch (key, value) {
                case (.subscriptionState, .subscriptionState(let state)): begins = state.begins
                case (.stream(let shard, let address), .stream(let batch))
                where shard < store.shards:
                    positions[shard][address] = batch.begin
                case (.rank(let shard), .rank(let generation)): finished[shard] = generation
                default: break
                }
            }
        } catch { begins = Array(repeating: 0, count: store.shards) }
        guard let begins, begins.count == store.shards else { return nil }
        return Reading(
            subscription, begins: begins, after: positions, finished: finished, epoch: newEpoch())
    }

    /// `session` is no longer a member. What it was sent it still completes [MQTT-3.10.4-3]; what waits for it
    /// others get.
    func leave(_ number: Int, _ session: Session, into outbox: inout Outbox) {
        guard let group = groups[number] else { return }
        group.leave(session.number)
        let waited = session.takeShares(of: number)
        if !waited.isEmpty { group.putBack(waited) }
        guard group.members.isEmpty else { return distribute(group, into: &outbox) }
        if group.reading == nil {
            sharedRoutes.remove(group.filter, group.number)
        } else {
            durableRoutes.remove(group.filter, group.reader)
            store.commit(SessionChanges(client: group.client, isEnd: true))
        }
        groups.remove(group)
    }

    /// A session has ended: other members get what it has not acknowledged at QoS 1, and what waits for it. What
    /// it was sent at QoS 2 nobody else may have [MQTT-4.8.2-5].
    func endShares(of session: Session, into outbox: inout Outbox) {
        guard !groups.isEmpty else { return }
        var shares: [Int: [Delivery]] = [:]
        for delivery in session.inflight.takeShares(of: nil) + session.takeShares(of: nil) {
            if let group = delivery.group { shares[group, default: []].append(delivery) }
        }
        for slot in session.inflight.slots {
            if let number = slot.group, let cursor = slot.cursor, let group = groups[number] {
                completed(cursor, of: group)
            }
        }
        for (number, deliveries) in shares {
            guard let group = groups[number] else { continue }
            group.leave(session.number)
            group.putBack(deliveries)
            distribute(group, into: &outbox)
        }
    }

    /// The shares of a session that goes away and stays a member: connected members get what was sent at QoS 1 and
    /// not acknowledged. If there is none, it keeps that for its return [MQTT-4.4.0-1].
    func surrender(_ session: Session, into outbox: inout Outbox) {
        for subscription in session.subscriptions.values {
            guard let number = subscription.group, let group = groups[number],
                hasConnectedMember(group)
            else { continue }
            giveBack(of: group, from: session)
            distribute(group, into: &outbox)
        }
    }

    /// A session came back, or became a member: it takes over from those that are away.
    func takeShares(_ session: Session, into outbox: inout Outbox) {
        for subscription in session.subscriptions.values {
            guard let number = subscription.group, let group = groups[number] else { continue }
            for member in group.members where member.session != session.number {
                guard let other = sessions[member.session], other.connection == nil else {
                    continue
                }
                giveBack(of: group, from: other)
            }
            distribute(group, into: &outbox)
            ask(for: group)
        }
    }

    private func hasConnectedMember(_ group: SharedGroup) -> Bool {
        group.members.contains { sessions[$0.session]?.connection != nil }
    }

    private func giveBack(of group: SharedGroup, from session: Session) {
        let sent = session.inflight.takeShares(of: group.number)
        let waited = session.takeShares(of: group.number)
        if !sent.isEmpty || !waited.isEmpty { group.putBack(sent + waited) }
    }

    /// A message for a group without durable members.
    func share(
        _ packet: RawSpan, _ header: PublishHeader, with group: SharedGroup, at wall: Int64,
        into outbox: inout Outbox
    ) {
        let batch = StoredBatch(
            copying: packet, header, qos: header.qos, retain: header.retain, published: wall)
        if group.waiting >= limits.queue, group.dequeue() != nil { counters.dropped += 1 }
        group.enqueue(Delivery(batch: batch, cursor: nil, group: group.number))
        distribute(group, into: &outbox)
    }

    /// Hands out what waits, to connected members that have room, in turn.
    func distribute(_ group: SharedGroup, into outbox: inout Outbox) {
        while group.waiting > 0 {
            let member = group.next { member in
                guard let session = sessions[member.session] else { return false }
                return session.connection != nil && session.replaying == nil
                    && session.inflight.hasRoom && session.waiting == 0 && session.retained.isEmpty
            }
            guard let member, let session = sessions[member.session],
                var delivery = group.dequeue()
            else { return }
            delivery.qos = min(delivery.message.qos, member.qos)
            delivery.retain = delivery.message.retain && member.retainAsPublished
            delivery.identifier = member.identifier
            session.enqueue(delivery)
            fill(session, into: &outbox)
        }
    }

    /// A member has room again.
    func takeTurn(_ session: Session, into outbox: inout Outbox) {
        guard !groups.isEmpty, session.inflight.hasRoom, session.waiting == 0 else { return }
        for subscription in session.subscriptions.values {
            guard let number = subscription.group, let group = groups[number] else { continue }
            distribute(group, into: &outbox)
            ask(for: group)
        }
    }

    /// What storage found for a group.
    func take(_ reply: ReadReply, for group: SharedGroup, into outbox: inout Outbox) {
        guard group.reading?.epoch == reply.epoch else { return }
        if reply.outcome == .refused { refusing.insert(reply.shard) }
        group.reading?.answered(reply, marking: &group.dirty)
        for message in reply.messages.messages {
            let address = reply.cursors[message.cursor].address
            group.enqueue(
                Delivery(
                    batch: reply.messages, message: message,
                    cursor: message.qos == .atMostOnce
                        ? nil : Delivery.Cursor(shard: reply.shard, address: address),
                    group: group.number))
        }
        distribute(group, into: &outbox)
        ask(for: group, of: reply.shard)
    }

    /// A share is over.
    func completed(_ cursor: Delivery.Cursor, of group: SharedGroup) {
        group.reading?.completed(cursor, marking: &group.dirty)
        group.dirty.change(.stream(shard: cursor.shard, cursor.address))
        ask(for: group, of: cursor.shard)
    }

    func ask(for group: SharedGroup) {
        guard group.reading != nil else { return }
        for shard in 0..<store.shards { ask(for: group, of: shard) }
    }

    /// Asks one shard, if there is somebody to hand messages to and nothing waits for them already.
    func ask(for group: SharedGroup, of shard: Int) {
        guard group.waiting < limits.readAhead, hasConnectedMember(group) else { return }
        let questions = group.reading?.questions(
            to: shard, of: store, session: group.reader, client: [], limit: limits.readAhead,
            wait: limits.idlePoll)
        for question in questions ?? [] { store.request(question) }
    }

    /// Hands the state of a group to its tables.
    func commitState(of group: SharedGroup) {
        var changes = SessionChanges(client: group.client)
        group.dirty.take(into: &changes) { key in
            switch key {
            case .subscription: .subscription(StateValue.Subscription(state: 1))
            case .subscriptionState:
                .subscriptionState(
                    StateValue.SubscriptionState(
                        filter: group.filter.text, qos: Int(QoS.exactlyOnce.rawValue),
                        noLocal: false, begins: group.reading?.begins(of: group.filter) ?? [],
                        retainAsPublished: true))
            case .stream(let shard, let stream):
                (group.reading?.batch(of: stream, in: shard)).map { batch in
                    // After a restart it is read on behind what is completed.
                    var batch = batch
                    if group.reading?.isCompleted(stream, in: shard) == true {
                        batch.begin = batch.end
                    }
                    return .stream(batch)
                }
            case .rank(let shard): (group.reading?.finished(in: shard)).map { .rank($0) }
            case .metadata, .seqno, .awaitingRelease: nil
            }
        }
        store.commit(changes)
    }

    func commitDueGroups(at now: MonotonicTime) {
        for group in groups.all where group.nextCommit <= now && !group.dirty.isEmpty {
            group.nextCommit = now + Self.groupCommit
            commitState(of: group)
        }
    }

    /// As often as the state of sessions, where a timer decides.
    private static let groupCommit = Nanoseconds.seconds(5)
}
