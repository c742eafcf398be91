internal import Layout
internal import MQTT
internal import Measure
internal import Storage

/// Retained messages: what is kept, for whom, and for how long (MQTT 5.0, 3.3.1.3).
extension SessionLayer {
    /// What the store has kept from before.
    func loadRetained() {
        for row in store.takeRetained() {
            retained.keep(
                RetainedMessage(
                    StoredBatch(row), publisher: row.publisher, expiry: limits.retainedExpiry))
        }
    }

    /// Topics with a retained message.
    package var retainedCount: Int { retained.count }

    /// Keeps the message for its topic, or deletes what was kept if it has no payload [MQTT-3.3.1-6].
    /// - Returns: storage's receipt, if anything has changed.
    func retain(_ packet: RawSpan, _ header: PublishHeader, from publisher: Publisher) -> Receipt? {
        let topic = packet.extracting(header.topic)
        let name = topic.withUnsafeBytes { Array($0) }
        guard !header.payload.isEmpty else {
            return retained.remove(topic) ? store.retain(name, nil) : nil
        }
        guard header.payload.count <= limits.retainedPayload,
            retained.count < limits.retainedMessages || retained.contains(topic)
        else {
            counters.retainedRefused += 1
            return nil
        }
        let row = RetainedRow(
            topic: name, publisher: Array(publisher.header.clientID.utf8), qos: header.qos,
            published: wallTime,
            properties: packet.extracting(header.properties).withUnsafeBytes { Array($0) },
            payload: packet.extracting(header.payload).withUnsafeBytes { Array($0) })
        retained.keep(
            RetainedMessage(
                StoredBatch(row), publisher: row.publisher, expiry: limits.retainedExpiry))
        return store.retain(name, row)
    }

    /// What a subscription that was just made is to be sent first.
    func sendRetained(for subscription: Session.Subscription, of session: Session) {
        session.retained.removeAll { $0.filter == subscription.filter.text }
        let found = retained.matching(subscription.filter)
        guard !found.isEmpty else { return }
        session.retained.append(RetainedWalk(found, for: subscription))
    }

    /// Sends retained messages, as far as the window and this session's turn allow.
    /// - Returns: false if more are to come.
    func sendRetained(_ session: Session, over number: Int, into outbox: inout Outbox) -> Bool {
        var left = Self.retainedTurn
        let end = outbox.bytes.count + Self.retainedTurnBytes
        let wall = wallTime
        while !session.retained.isEmpty {
            guard let delivery = session.retained[0].delivery(for: session.name, at: wall) else {
                session.retained.removeFirst()
                continue
            }
            if delivery.qos != .atMostOnce, !session.inflight.hasRoom { return false }
            guard left > 0, outbox.bytes.count < end else {
                if !session.isRetaining {
                    session.isRetaining = true
                    retaining.append(session)
                }
                return false
            }
            left -= 1
            session.retained[0].advance()
            begin(delivery, to: session, over: number, into: &outbox)
        }
        return true
    }

    /// The next turn of those who have not been sent all.
    func continueRetained(into outbox: inout Outbox) {
        guard !retaining.isEmpty else { return }
        let turn = retaining
        retaining = []
        for session in turn {
            session.isRetaining = false
            fill(session, into: &outbox)
        }
    }

    func removeExpiredRetained() {
        for message in retained.removeExpired(at: wallTime, limit: Self.retainedTurn) {
            message.withTopic { topic in store.retain(topic.withUnsafeBytes { Array($0) }, nil) }
        }
    }

    /// What one session is sent, and what is forgotten, before others have their turn.
    private static let retainedTurn = 1_000
    private static let retainedTurnBytes = 1 << 20
}
