internal import MQTT
internal import Measure

/// What clients send, and what the broker owes for it.
extension Audit {
    func publish(_ sighting: LedgerRecord.Sighting) {
        let client = clients[sighting.client], topic = topics[sighting.topic]
        if sighting.dup, let known = client.sent[sighting.packetID],
            table[known].content == sighting.content, table[known].topic == topic.number
        {
            found.resent += 1
            table[known].wasResent = true
            return
        }
        client.sent[sighting.packetID] = nil
        guard topic.isJudged else {
            return owe(nil, on: topic, sighting.qos, from: client)
        }
        found.sent[Int(sighting.qos.rawValue)] += 1
        let message = add(
            Message(
                content: sighting.content, intended: sighting.intended, sent: sighting.time,
                topic: UInt32(topic.number), ordinal: UInt32(topic.messages.count),
                publisher: UInt32(client.number), expiry: sighting.expiry ?? 0, epoch: epoch,
                qos: sighting.qos, isEmpty: sighting.isEmpty, isWill: false),
            to: topic, retain: sighting.retain)
        if sighting.qos > .atMostOnce { client.sent[sighting.packetID] = message }
        if sighting.qos == .exactlyOnce {
            table[message].isShadowed = mayBeKnown(sighting.packetID, of: client)
        }
        owe(message, on: topic, sighting.qos, from: client)
    }

    /// Forgets what was released longer ago than a kill can undo.
    private func release(_ id: UInt16, of client: AuditedClient) {
        guard promise.sessionLoss > .zero else { return }
        client.released[id] = now
        guard client.released.count > Self.releasedLimit else { return }
        client.released = client.released.filter { $0.value + promise.sessionLoss > now }
    }

    /// More than a client releases in a few seconds, as a rule: it is seldom looked for what can be forgotten.
    private static let releasedLimit = 1_000

    /// Whether the broker may have forgotten by its last kill that the client had released the identifier: it then takes
    /// the next message under it for the earlier one, answers it, and passes nothing on.
    private func mayBeKnown(_ id: UInt16, of client: AuditedClient) -> Bool {
        guard let killed, let released = client.released[id] else { return false }
        return released <= killed && released + promise.sessionLoss > killed
            && client.since <= killed
    }

    func add(_ message: Message, to topic: AuditedTopic, retain: Bool) -> Int {
        let index = table.add(message)
        topic.messages.append(UInt32(index))
        if retain { topic.retained.append(index) }
        return index
    }

    /// Notes who is to get the message.
    /// - Parameters:
    ///   - message: nil for one on a topic that is not judged: it counts against the broker's limits only.
    ///   - limit: `.may` for one that need not come.
    func owe(
        _ message: Int?, on topic: AuditedTopic, _ qos: QoS, from publisher: AuditedClient,
        atMost limit: Lane.Debt.Level = .must
    ) {
        for claim in topic.claims {
            let client = claim.client
            if claim.options.noLocal, client === publisher { continue }
            let granted = min(qos, claim.options.qos)
            var level = Lane.Debt.Level.may
            if limit == .must, claim.granted != nil, claim.filter.sharedGroup == nil,
                client.isAlive(at: now)
            {
                level = .must
            }
            if granted == .atMostOnce, client.connected == nil { level = .may }
            if level == .must, granted > .atMostOnce { wait(client) }
            guard let message else { continue }
            let ordinal = Int(table[message].ordinal)
            if claim.filter.sharedGroup != nil {
                topic.lane(ofGroup: claim.filter.text).owe(ordinal, .may, granted)
            } else {
                topic.lane(of: client).owe(ordinal, level, granted)
            }
            if level == .must, granted > .atMostOnce {
                found.owed += 1
                table[message].isWitnessed = true
            }
        }
    }

    /// One more message waits for `client`, or is beyond what the broker keeps for it.
    private func wait(_ client: AuditedClient) {
        let limit = client.expiry > 0 ? promise.queueOfDurable : promise.queueOfOthers
        if let limit, client.waiting >= limit {
            client.overflow += 1
        } else {
            client.waiting += 1
        }
    }

    func take(_ answer: LedgerRecord.Answer) {
        let client = clients[answer.client], id = answer.packetID
        switch (answer.fromBroker, answer.type) {
        case (true, .puback), (true, .pubrec):
            guard let message = client.sent[id] else { return }
            if answer.reason >= 0x80 {
                found.refused += 1
                client.sent[id] = nil
            } else if table[message].answered == nil {
                table[message].answered = answer.time
                found.acknowledged[Int(table[message].qos.rawValue)] += 1
            }
            if answer.type == .puback { client.sent[id] = nil }
        case (true, .pubcomp): client.sent[id] = nil
        case (false, .pubrel): release(id, of: client)
        case (false, .puback), (false, .pubcomp):
            guard client.held.removeValue(forKey: id)?.message != nil else { return }
            found.confirmed[answer.type == .puback ? 1 : 2] += 1
        default: break
        }
    }
}
