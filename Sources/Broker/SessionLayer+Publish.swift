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
        var plain: [UInt8]?
        if header.topicAlias != 0 {
            // Before anything is accepted, and also from a repeated packet: the alias holds from now on.
            plain = try resolveAlias(packet, header, connection)
            guard plain != nil else {
                return drop(number, reason: .topicAliasInvalid, at: now, into: &outbox)
            }
        }
        if let plain {
            try publish(
                plain.span.bytes, PublishHeader.read(plain.span.bytes, version: .v5), connection,
                session, publisher, intended: intended, at: now, into: &outbox)
        } else {
            publish(
                packet, header, connection, session, publisher, intended: intended, at: now,
                into: &outbox)
        }
    }

    /// A PUBLISH with its topic.
    private func publish(
        _ packet: RawSpan, _ header: PublishHeader, _ connection: Connection, _ session: Session,
        _ publisher: Publisher, intended: MonotonicTime, at now: MonotonicTime,
        into outbox: inout Outbox
    ) {
        let number = connection.number
        let topic = packet.extracting(header.topic)
        if let reason = breach(of: header, topic) {
            return drop(number, reason: reason, at: now, into: &outbox)
        }
        guard !isServersOwn(topic), isAllowed(.publish, topic, connection) else {
            return promise(
                header, Routed(reason: .notAuthorized), isDenied: true, session, connection, number,
                into: &outbox)
        }
        if header.qos == .exactlyOnce, let id = PacketID(header.packetID) {
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
        var handshake = Handshake.none
        if header.qos == .exactlyOnce, session.durable, store.keepsHandshakes,
            let id = PacketID(header.packetID)
        {
            handshake = .awaitsRelease(id)
        }
        let routed = route(
            packet, header, from: publisher, sender: session.number, handshake,
            intended: intended, arrived: now, into: &outbox)
        if case .awaitsRelease(let id) = handshake, routed.receipt != nil {
            session.inbound.store(id)
        }
        if header.qos != .atMostOnce {
            promise(header, routed, session, connection, number, into: &outbox)
        }
    }

    /// The first of the broker's limits that a PUBLISH breaks; nil if none.
    private func breach(of header: PublishHeader, _ topic: RawSpan) -> Reason? {
        if header.qos > limits.maximumQoS { return .qosNotSupported }  // [MQTT-3.2.2-11]
        if header.retain, !limits.retainAvailable { return .retainNotSupported }  // [MQTT-3.2.2-14]
        // A topic of so many bytes cannot have more levels.
        if topic.byteCount >= limits.topicLevels, levelCount(of: topic) > limits.topicLevels {
            return .topicNameInvalid
        }
        return nil
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

    /// A will is published as if its client had sent it, as far as the limits admit it.
    func publish(
        _ will: Will, from publisher: Publisher, at now: MonotonicTime, into outbox: inout Outbox
    ) {
        let qos = min(will.qos, limits.maximumQoS)
        let publish = Publish(
            qos: qos, retain: will.retain && limits.retainAvailable, topic: will.topic,
            packetID: qos == .atMostOnce ? nil : PacketID(1),
            properties: will.properties.filter {
                if case .willDelayInterval = $0 { false } else { true }
            }, payload: will.payload)
        var packet: [UInt8] = []
        Packet.publish(publish).write(to: &packet, version: .v5)
        do throws(CodecError) {
            let header = try PublishHeader.read(packet.span.bytes, version: .v5)
            guard !isServersOwn(packet.span.bytes.extracting(header.topic)) else { return }
            _ = route(
                packet.span.bytes, header, from: publisher, sender: nil, intended: now,
                into: &outbox)
        } catch {
            counters.malformed += 1  // a topic that no PUBLISH may have
        }
    }
}
