internal import MQTT
internal import Measure
internal import Storage

extension SessionLayer {
    func publish(
        _ packet: RawSpan, _ connection: Connection, _ number: Int, intended: MonotonicTime,
        at now: MonotonicTime, into outbox: inout Outbox
    ) throws(CodecError) {
        let header = try PublishHeader.read(packet, version: connection.version)
        guard let session = connection.session, let publisher = connection.publisher else { return }
        guard !header.hasSubscriptionIdentifier else {  // [MQTT-3.3.4-6]
            return drop(number, reason: .protocolError, at: now, into: &outbox)
        }
        counters.published += 1
        let id = PacketID(header.packetID)
        var plain: [UInt8]?
        if header.topicAlias != 0 {
            // Before anything is accepted, and also from a repeated packet: the alias holds from now on.
            plain = try resolveAlias(packet, header, connection)
            guard plain != nil else {
                return drop(number, reason: .topicAliasInvalid, at: now, into: &outbox)
            }
        }
        if header.qos == .exactlyOnce, let id {
            switch session.inbound.published(id, over: number) {
            case .accept: break
            case .undecided: return
            case .repeated:
                counters.acknowledged += 1
                return outbox.send(to: number) { writeAcknowledgement(.pubrec, id, to: &$0) }
            case .overLimit:
                return drop(number, reason: .receiveMaximumExceeded, at: now, into: &outbox)
            }
        }
        let receipt: Receipt?
        if let plain {
            receipt = route(
                plain.span.bytes, try PublishHeader.read(plain.span.bytes, version: .v5),
                from: publisher, sender: session.number, intended: intended, into: &outbox)
        } else {
            receipt = route(
                packet, header, from: publisher, sender: session.number, intended: intended,
                into: &outbox)
        }
        if header.qos != .atMostOnce {
            promise(header, receipt, session, connection, number, into: &outbox)
        }
    }

    /// The same PUBLISH with its topic and without the alias, which holds for this connection only.
    /// - Returns: nil for an alias that was never given.
    private func resolveAlias(
        _ packet: RawSpan, _ header: PublishHeader, _ connection: Connection
    ) throws(CodecError) -> [UInt8]? {
        guard case .publish(var publish) = try Packet.read(packet, version: .v5) else { return nil }
        if publish.topic.isEmpty {
            guard let topic = connection.aliases[header.topicAlias] else { return nil }
            publish.topic = topic
        } else {
            connection.aliases[header.topicAlias] = publish.topic
        }
        publish.properties.removeAll { if case .topicAlias = $0 { true } else { false } }
        var plain: [UInt8] = []
        Packet.publish(publish).write(to: &plain, version: .v5)
        return plain
    }

    /// A will is published as if its client had sent it.
    func publish(
        _ will: Will, from publisher: Publisher, at now: MonotonicTime, into outbox: inout Outbox
    ) {
        let publish = Publish(
            qos: will.qos, retain: will.retain, topic: will.topic,
            packetID: will.qos == .atMostOnce ? nil : PacketID(1),
            properties: will.properties.filter {
                if case .willDelayInterval = $0 { false } else { true }
            }, payload: will.payload)
        var packet: [UInt8] = []
        Packet.publish(publish).write(to: &packet, version: .v5)
        do throws(CodecError) {
            _ = route(
                packet.span.bytes, try PublishHeader.read(packet.span.bytes, version: .v5),
                from: publisher, sender: nil, intended: now, into: &outbox)
        } catch {
            counters.malformed += 1  // a topic that no PUBLISH may have
        }
    }

    /// To storage if a durable session wants it, and at once to the connected others.
    /// - Returns: storage's receipt, if it was stored.
    private func route(
        _ packet: RawSpan, _ header: PublishHeader, from publisher: Publisher, sender: Int?,
        intended: MonotonicTime, into outbox: inout Outbox
    ) -> Receipt? {
        let topic = packet.extracting(header.topic)
        var receipt: Receipt?
        if durableRoutes.matchesAny(topic) {
            counters.submitted += 1
            receipt = store.submit(
                Submission(
                    qos: header.qos, retain: header.retain, intended: intended,
                    timestamp: Int64(wallClockMilliseconds())),
                from: publisher, topic: topic, properties: packet.extracting(header.properties),
                payload: packet.extracting(header.payload))
        }
        guard !liveRoutes.isEmpty else { return receipt }
        liveRoutes.forEachMatch(topic) { route in
            guard !(route.noLocal && route.session == sender) else { return }
            deliver(packet, header, to: route, into: &outbox)
        }
        return receipt
    }

    /// To a session that is not durable: nothing is kept for it once its connection ends.
    private func deliver(
        _ packet: RawSpan, _ header: PublishHeader, to route: LiveRoute, into outbox: inout Outbox
    ) {
        guard let session = sessions[route.session], let number = session.connection else { return }
        let qos = min(header.qos, route.qos)
        if session.isPaused, qos == .atMostOnce {
            counters.dropped += 1
            return
        }
        if qos != .atMostOnce, session.isPaused || !session.inflight.hasRoom {
            guard session.waiting < limits.queue else {
                counters.dropped += 1
                return
            }
            return session.enqueue(
                Delivery(batch: StoredBatch(copying: packet, header, qos: qos), cursor: nil))
        }
        let id =
            qos == .atMostOnce ? nil : session.inflight.begin(qos: qos, delivery: nil, cursor: nil)
        counters.delivered += 1
        let version = session.version
        outbox.send(to: number) { bytes in
            writePublish(
                topic: packet.extracting(header.topic), payload: packet.extracting(header.payload),
                qos: qos, packetID: id, properties: packet.extracting(header.properties),
                version: version, to: &bytes)
        }
    }
}
