internal import MQTT
internal import Measure

/// Wills: which of them the broker has to publish, and when.
extension Audit {
    /// The connection ended without a farewell: the will is due with its delay, or with the end of the session.
    func leaveWill(of client: AuditedClient) {
        guard let will = client.will else { return }
        client.will = nil
        // A connection that a kill has ended may be seen to end when the broker accepts again.
        let isOfKilled = killed.map { client.introduced < $0 } ?? false
        let level = isOfKilled ? Lane.Debt.Level.may : .must
        let delay = min(will.delay, client.expiry)
        guard delay > 0 else { return fire(will, of: client, at: now, level) }
        let due = now + .seconds(Double(delay))
        waitingWills[client.number] = WaitingWill(will: will, due: due, level: level)
        nextWill = min(nextWill ?? due, due)
    }

    /// It said goodbye: its will must not come.
    func callOffWill(of client: AuditedClient) {
        guard let will = client.will else { return }
        client.will = nil
        callOff(will)
    }

    /// It came back. A will that was waiting must not come; close to its time it may.
    func cancelWill(of client: AuditedClient) {
        guard let waiting = waitingWills.removeValue(forKey: client.number) else { return }
        if waiting.due > now + .seconds(1) {
            callOff(waiting.will)
        } else {
            fire(waiting.will, of: client, at: waiting.due, .may)
        }
    }

    func fireDueWills() {
        for (number, waiting) in waitingWills where waiting.due <= now {
            waitingWills[number] = nil
            fire(waiting.will, of: clients[number], at: waiting.due, waiting.level)
        }
        nextWill = waitingWills.values.map(\.due).min()
    }

    private func number(ofTopic will: Will) -> Int? {
        let topic = Array(will.topic.utf8)
        return index[topic.span.bytes]
    }

    private func callOff(_ will: Will) {
        guard let number = number(ofTopic: will) else { return }
        calledOff.insert([UInt64(number), contentHash(will.payload.span.bytes)])
    }

    /// - Parameter level: a broker that was just killed may publish it after its restart, or not.
    private func fire(
        _ will: Will, of client: AuditedClient, at due: MonotonicTime,
        _ level: Lane.Debt.Level = .must
    ) {
        guard let number = number(ofTopic: will), topics[number].isJudged else {
            return
        }
        let topic = topics[number]
        let level = down == nil ? level : .may
        // Of one that need not come now, nobody knows when its interval begins.
        let expiry = level == .must ? will.expiry : 0
        let message = add(
            Message(
                content: contentHash(will.payload.span.bytes), intended: due, sent: due,
                answered: due, topic: UInt32(number), ordinal: UInt32(topic.messages.count),
                publisher: UInt32(client.number), expiry: expiry, epoch: epoch,
                qos: will.qos, isEmpty: will.payload.isEmpty, isWill: true),
            to: topic, retain: will.retain)
        owe(message, on: topic, will.qos, from: client, atMost: level)
        if level == .must { found.wills.due += 1 }
    }
}

extension Will {
    /// Seconds; 0 if it says nothing of it.
    fileprivate var delay: UInt32 {
        for case .willDelayInterval(let seconds) in properties { return seconds }
        return 0
    }

    /// Seconds; 0 if it never expires.
    fileprivate var expiry: UInt32 {
        for case .messageExpiryInterval(let seconds) in properties { return seconds }
        return 0
    }
}
