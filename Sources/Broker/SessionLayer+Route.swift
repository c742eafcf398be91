internal import MQTT
internal import Measure
internal import Storage

/// What became of a message that was accepted.
struct Routed {
    /// Storage's, if a durable subscription wanted it.
    var receipt: Receipt?
    /// Storage's, if it changed what is retained.
    var retained: Receipt?
    var reason = Reason.success

    var isStored: Bool { receipt != nil || retained != nil }
}

/// Where messages go: to the retained ones, to storage, to sessions, to groups of sessions.
extension SessionLayer {
    /// Milliseconds since the epoch.
    var wallTime: Int64 { Int64(wallClock()) }

    /// To storage if a durable session wants it, and at once to the connected others.
    /// - Parameters:
    ///   - sender: the session of the publisher, for No Local; nil for a will.
    ///   - arrived: when it came; nil: when it was intended.
    ///   - handshake: what storage is to keep with the message.
    func route(
        _ packet: RawSpan, _ header: PublishHeader, from publisher: Publisher, sender: Int?,
        _ handshake: Handshake = .none, intended: MonotonicTime, arrived: MonotonicTime? = nil,
        into outbox: inout Outbox
    ) -> Routed {
        let topic = packet.extracting(header.topic)
        var routed = Routed()
        if header.retain { routed.retained = retain(packet, header, from: publisher) }
        if durableRoutes.matchesAny(topic) {
            counters.submitted += 1
            routed.receipt = store.submit(
                Submission(
                    qos: header.qos, retain: header.retain, intended: intended,
                    arrived: arrived, timestamp: wallTime,
                    handshake: handshake),
                from: publisher, topic: topic, properties: packet.extracting(header.properties),
                payload: packet.extracting(header.payload))
        }
        var isWanted = routed.receipt != nil
        if !liveRoutes.isEmpty {
            recipients.begin()
            liveRoutes.forEachMatch(topic) { route in
                isWanted = true
                guard !(route.noLocal && route.session == sender),
                    let session = sessions[route.session]
                else { return }
                recipients.add(route, of: session)
            }
            for place in recipients.all.indices {
                deliver(packet, header, to: recipients.all[place], into: &outbox)
            }
        }
        if !sharedRoutes.isEmpty {
            var matching: [Int] = []
            sharedRoutes.forEachMatch(topic) { matching.append($0) }
            for number in matching {
                isWanted = true
                guard let group = groups[number] else { continue }
                share(packet, header, with: group, at: wallTime, into: &outbox)
            }
        }
        if !isWanted {
            counters.unrouted += 1
            routed.reason = .noMatchingSubscribers
        }
        return routed
    }

    /// To a session that is not durable, or at QoS 0: nothing is kept for it once its connection ends.
    private func deliver(
        _ packet: RawSpan, _ header: PublishHeader, to recipient: Recipients.Recipient,
        into outbox: inout Outbox
    ) {
        guard let session = sessions[recipient.session], let number = session.connection else {
            return
        }
        let qos = min(header.qos, recipient.qos)
        guard !session.isPaused || qos != .atMostOnce else {
            counters.dropped += 1
            return
        }
        let retain = header.retain && recipient.retainAsPublished
        var identifiers: [UInt8] = []
        if recipient.hasIdentifier {
            recipients.writeIdentifiers(of: recipient, to: &identifiers)
        }
        if !session.retained.isEmpty || session.isPaused
            || qos != .atMostOnce && !session.inflight.hasRoom
        {
            if session.waiting >= limits.queue, session.dequeue() != nil { counters.dropped += 1 }
            return session.enqueue(
                Delivery(
                    batch: StoredBatch(
                        copying: packet, header, qos: qos, retain: retain,
                        identifiers: identifiers.span.bytes, published: wallTime), cursor: nil))
        }
        let id =
            qos == .atMostOnce ? nil : session.inflight.begin(qos: qos, delivery: nil, cursor: nil)
        let version = session.version
        let limit = connections[number]?.terms.packetLimit ?? .max
        let isSent = outbox.send(to: number, limit: limit) { bytes in
            writePublish(
                topic: packet.extracting(header.topic), payload: packet.extracting(header.payload),
                qos: qos, retain: retain, packetID: id,
                properties: packet.extracting(header.properties),
                identifiers: identifiers.span.bytes, version: version, to: &bytes)
        }
        if isSent {
            counters.delivered += 1
        } else {  // [MQTT-3.1.2-25]
            counters.tooLarge += 1
            if let id { session.inflight.cancel(id) }
        }
    }
}
