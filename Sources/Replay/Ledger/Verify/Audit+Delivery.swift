internal import MQTT
internal import Measure

/// What the broker sends, and what it is.
extension Audit {
    /// How much longer than its interval a message may live: brokers count whole seconds, and what they have sent is
    /// on its way for a while.
    private static let expiryTolerance = Nanoseconds.seconds(2)

    func deliver(_ sighting: LedgerRecord.Sighting) {
        let client = clients[sighting.client], topic = topics[sighting.topic]
        if sighting.qos > .atMostOnce, !sighting.dup, !sighting.retain {
            client.waiting = max(0, client.waiting - 1)
        }
        guard topic.isJudged else {
            hold(nil, sighting, client)
            return
        }
        found.delivered[Int(sighting.qos.rawValue)] += 1
        topic.due.remove(client.number)
        if sighting.qos > .atMostOnce, let known = client.held[sighting.packetID]?.message,
            table[known].content == sighting.content, table[known].topic == topic.number
        {
            // Not finished with by the client: at QoS 2 it knows that, at QoS 1 it takes it for another.
            if sighting.qos == .exactlyOnce {
                found.sentAgain += 1
            } else {
                found.duplicates[1] += 1
            }
            return
        }
        let matched = match(sighting, client, topic)
        hold(matched?.0, sighting, client)
        guard let (message, lane) = matched else { return unmatched(sighting, client, topic) }
        if let lane {
            came(message, in: lane, sighting, client, topic)
        } else {
            cameRetained(sighting, client, topic)
        }
    }

    private func hold(
        _ message: Int?, _ sighting: LedgerRecord.Sighting, _ client: AuditedClient
    ) {
        guard sighting.qos > .atMostOnce else { return }
        client.held[sighting.packetID] = AuditedClient.Held(message: message, epoch: epoch)
    }

    private func came(
        _ index: Int, in lane: Lane, _ sighting: LedgerRecord.Sighting, _ client: AuditedClient,
        _ topic: AuditedTopic
    ) {
        let message = table[index], ordinal = Int(table[index].ordinal)
        // What the broker sent before the kill may be read after it.
        if epoch > message.epoch, let restarted, client.introduced >= restarted,
            found.crash?.untilFirstQueued == nil
        {
            found.crash?.untilFirstQueued = sighting.time - restarted
        }
        let times = lane.came(ordinal)
        if times > lane.copies(of: ordinal) {
            // What was published at QoS 1 or 2 and is granted at 0 may have been published again.
            let isPlain = sighting.qos == .atMostOnce && message.qos > .atMostOnce
            let qos = isPlain ? .atLeastOnce : sighting.qos
            found.duplicates[Int(qos.rawValue)] += 1
            if epoch > message.epoch, promise.sessionLoss > .zero {
                found.duplicatesByKill[Int(qos.rawValue)] += 1
            } else if qos != .atLeastOnce {
                example("\(client.name): twice at QoS \(qos.rawValue) on \(topic.text)")
            }
            return
        }
        guard times == 1 else { return }
        expire(message, sighting, client, topic)
        // Of the QoS that it was published at: what comes at 2 is passed on later than at 1, however it is granted.
        let sequence = Lane.Sequence(publisher: message.publisher, qos: message.qos)
        if !message.isWill, lane[ordinal].level == .must, !lane.isInOrder(ordinal, sequence) {
            found.orderViolations += 1
            example("\(client.name): out of order on \(topic.text)")
        }
        time(message, sighting, client)
    }

    private func time(
        _ message: Message, _ sighting: LedgerRecord.Sighting, _ client: AuditedClient
    ) {
        guard !message.isWill, let connected = client.connected,
            options.window.map({ $0.contains(message.intended) }) ?? true
        else { return }
        let latency = max(.zero, sighting.time - message.intended)
        guard message.sent < connected else {
            found.latency.live.record(latency)
            if let limit = options.deliveryLimit, latency > limit { found.latency.late += 1 }
            return
        }
        found.latency.resumed.record(latency)
        found.latency.sinceResume.record(max(.zero, sighting.time - connected))
    }

    /// Whether it came in its time, and says how much of that is left.
    func expire(
        _ message: Message, _ sighting: LedgerRecord.Sighting, _ client: AuditedClient,
        _ topic: AuditedTopic
    ) {
        // One that was begun in time goes on. Of several equal ones it may be the latest.
        let latest = table.last(message.content, on: topic.number).map { table[$0] }
        let message = latest ?? message
        // The broker counts from when it had the message. That is not later than its answer; of one without, nobody knows
        // how long it waited in a socket.
        guard message.expiry > 0, !sighting.dup, let answered = message.answered else { return }
        let waited = sighting.time - answered
        let interval = Nanoseconds.seconds(Double(message.expiry))
        if waited > interval + Self.expiryTolerance {
            found.expiredDeliveries += 1
            example("\(client.name): \(Int((waited - interval).seconds)) s late on \(topic.text)")
        }
        guard client.version == .v5 else { return }
        let left = Nanoseconds.seconds(Double(sighting.expiry ?? .max))
        if left + waited > interval + Self.expiryTolerance { found.expiryNotReduced += 1 }
    }

    /// Which message it is. Equal ones on a topic are taken in the order in which they were sent.
    /// - Returns: without a lane for one that is sent because it was retained; nil if there is none.
    private func match(
        _ sighting: LedgerRecord.Sighting, _ client: AuditedClient, _ topic: AuditedTopic
    ) -> (Int, Lane?)? {
        let own = topic.lanes[client.number]
        if !sighting.retain, let own, let message = expected(sighting, topic, own) {
            return (message, own)
        }
        let claims = topic.claims.filter { $0.client === client }
        let keepsFlag = claims.contains { $0.options.retainAsPublished }
        if sighting.retain, !keepsFlag {
            return table.last(sighting.content, on: topic.number).map { ($0, nil) }
        }
        var lanes = own.map { [$0] } ?? []
        lanes += claims.filter { $0.filter.sharedGroup != nil }
            .compactMap { topic.groups[$0.filter.text] }
        var repeated: (Int, Lane)?
        for lane in lanes {
            if let message = expected(sighting, topic, lane) { return (message, lane) }
            switch search(sighting, topic, lane) {
            case .owed(let message): return (message, lane)
            case .delivered(let message): repeated = repeated ?? (message, lane)
            case .none: break
            }
        }
        if sighting.retain {
            return table.last(sighting.content, on: topic.number).map { ($0, nil) }
        }
        return repeated
    }

    /// The message that comes next in order, if it is this one.
    private func expected(
        _ sighting: LedgerRecord.Sighting, _ topic: AuditedTopic, _ lane: Lane
    ) -> Int? {
        guard let ordinal = lane.expected() else { return nil }
        let message = Int(topic.messages[ordinal])
        guard table[message].content == sighting.content else { return nil }
        // One that need not come leaves the delivery to an equal one that has to.
        let mayWait = lane[ordinal].level == .may && table.next(after: message) != nil
        return mayWait ? nil : message
    }

    private enum Candidate {
        case owed(Int)
        /// It has come as often as it was asked for.
        case delivered(Int)
        case none
    }

    /// The best of several equal messages: the next one that has to come; else one that may; else one that was left
    /// out; else one that came.
    private func search(
        _ sighting: LedgerRecord.Sighting, _ topic: AuditedTopic, _ lane: Lane
    ) -> Candidate {
        let first = table.first(sighting.content, on: topic.number)
        var optional: Int?, skipped: Int?, delivered: Int?
        // Whatever comes before the last that was found has been looked at.
        var next = lane.found[sighting.content] ?? first
        while let message = next {
            let ordinal = Int(table[message].ordinal)
            let debt = lane[ordinal]
            if debt.level != .nothing, debt.times < lane.copies(of: ordinal) {
                if !lane.isAhead(ordinal) {
                    skipped = skipped ?? message
                } else if debt.level == .may {
                    optional = optional ?? message
                } else if let delivered, mayRepeat(delivered, sighting),
                    jumps(to: message, on: topic, in: lane)
                {
                    return .delivered(delivered)
                } else {
                    lane.found[sighting.content] = message
                    return .owed(message)
                }
            } else if debt.times > 0 {
                delivered = message
            }
            next = table.next(after: message)
        }
        if let optional { return .owed(optional) }
        if skipped == nil, lane.found[sighting.content] != nil {
            next = first
            while skipped == nil, let message = next {
                let ordinal = Int(table[message].ordinal)
                let debt = lane[ordinal]
                if debt.level != .nothing, debt.times < lane.copies(of: ordinal) {
                    skipped = message
                }
                next = table.next(after: message)
            }
        }
        if let skipped { return .owed(skipped) }
        return delivered.map { .delivered($0) } ?? .none
    }

    /// Whether the message may be meant by one more delivery of the same content: it is one that was sent before, its
    /// publisher had sent it again, or the broker has forgotten since that it was delivered.
    private func mayRepeat(_ message: Int, _ sighting: LedgerRecord.Sighting) -> Bool {
        let isOld = epoch > table[message].epoch && promise.sessionLoss > .zero
        guard sighting.qos == .atLeastOnce else { return isOld }
        return sighting.dup || table[message].wasResent || isOld
    }

    /// Whether something that its publisher sent before it on the same terms has not come.
    private func jumps(to index: Int, on topic: AuditedTopic, in lane: Lane) -> Bool {
        let message = table[index]
        return lane.misses(before: Int(message.ordinal)) {
            let other = table[Int(topic.messages[$0])]
            return other.publisher == message.publisher && other.qos == message.qos
        }
    }

    /// It is none of what the client is owed.
    private func unmatched(
        _ sighting: LedgerRecord.Sighting, _ client: AuditedClient, _ topic: AuditedTopic
    ) {
        let key = [UInt64(topic.number), sighting.content]
        guard table.last(sighting.content, on: topic.number) != nil else {
            if calledOff.contains(key) {
                found.wills.uncalled += 1
                example("\(client.name): a will that was called off, on \(topic.text)")
            } else {
                found.unknown += 1
                example("\(client.name): what nobody sent, on \(topic.text)")
            }
            return
        }
        guard !topic.claims.contains(where: { $0.client === client }) else {
            // Sent before it subscribed: it was still on its way through the broker.
            return
        }
        found.unasked += 1
        example("\(client.name): not asked for, on \(topic.text)")
    }
}
