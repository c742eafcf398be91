internal import MQTT
internal import Measure

/// Retained messages: what a new subscription has to be sent.
extension Audit {
    func askForRetained(_ client: AuditedClient, _ filter: TopicFilter) {
        index.forEachMatch(filter) { number in
            let topic = topics[number]
            guard topic.isJudged, !topic.retained.isEmpty else { return }
            topic.subscribed[client.number] = now
            let candidates = current(on: topic, since: now)
            // All that it can be is a message, and the first of them is certain.
            guard let settled = candidates.last, isSettled(settled, since: now),
                candidates.allSatisfy({ !table[$0].isEmpty && !hasExpired($0, at: now) })
            else { return }
            topic.due.insert(client.number)
        }
    }

    /// A delivery that is flagged as retained.
    func cameRetained(
        _ sighting: LedgerRecord.Sighting, _ client: AuditedClient, _ topic: AuditedTopic
    ) {
        found.retained.delivered += 1
        let since = topic.subscribed[client.number] ?? client.since
        let candidates = current(on: topic, since: since)
        guard
            let message = candidates.first(where: {
                table[$0].content == sighting.content && !table[$0].isEmpty
            })
        else {
            // A broker that lost what it had acknowledged has also lost what was retained last.
            guard epoch == 0 || promise.survivesKill else { return }
            found.retained.wrong += 1
            example("\(client.name): not what is retained, on \(topic.text)")
            return
        }
        expire(table[message], sighting, client, topic)
    }

    /// What may be retained at `since` or later, the latest first. Up to the first one that the broker had taken by
    /// then; what comes at QoS 0 may have got lost, so that one before it may still be retained.
    private func current(on topic: AuditedTopic, since: MonotonicTime) -> [Int] {
        var candidates: [Int] = []
        for message in topic.retained.reversed() {
            candidates.append(message)
            if isSettled(message, since: since) { break }
        }
        return candidates
    }

    private func isSettled(_ message: Int, since: MonotonicTime) -> Bool {
        table[message].answered.map { $0 <= since } ?? false
    }

    func hasExpired(_ message: Int, at time: MonotonicTime) -> Bool {
        let expiry = table[message].expiry
        return expiry > 0 && table[message].sent + .seconds(Double(expiry)) <= time
    }
}
