internal import MQTT
internal import Measure

/// From a message to those who subscribed to it.
extension FleetRun {
    /// Packets that go to one client at one moment; more follow a little later.
    private static var batch: Int { 100 }
    private static var batchGap: Int64 { 1_000_000 }

    mutating func route(
        _ header: PublishHeader, _ packet: RawSpan, _ topic: RawSpan, from client: Int
    ) {
        var found: [(Int, Int)] = []
        swap(&found, &recipients)
        broker.recipients(
            of: topic, isConnected: { clients[$0].connection >= 0 }, into: &found)
        // Nobody wants most of what some fleets send, so a message is made only for those who do.
        if !found.isEmpty || header.retain {
            let name = topic.withUnsafeBytes { Array($0) }
            let message = FleetMessage(
                header, packet, topic: name, at: now, publisher: Int32(client))
            if header.retain { broker.retain(message) }
            distribute(message, to: found)
        }
        swap(&found, &recipients)
    }

    /// A message of the broker's own: a will.
    mutating func route(_ message: FleetMessage) {
        if message.retain { broker.retain(message) }
        var found: [(Int, Int)] = []
        let topic = message.topic
        broker.recipients(
            of: topic.span.bytes, isConnected: { clients[$0].connection >= 0 },
            into: &found)
        distribute(message, to: found)
    }

    private mutating func distribute(_ message: FleetMessage, to recipients: [(Int, Int)]) {
        for (client, number) in recipients {
            let terms = fleet.groups[clients[client].group].subscriptions[number]
            let isOwn = Int(message.publisher) == client
            if isOwn, terms.noLocal, clients[client].version == .v5 { continue }
            enqueue(message, for: client, terms, isRetained: false)
        }
    }

    /// - Parameter isRetained: it goes out because of a new subscription.
    mutating func enqueue(
        _ message: FleetMessage, for client: Int, _ terms: SubscriptionTerms, isRetained: Bool
    ) {
        let qos = min(message.qos, terms.qos)
        let isVersion5 = clients[client].version == .v5
        if clients[client].connection < 0 {
            guard broker.sessions[client].isDurable,
                qos > .atMostOnce || broker.terms.queuesQoS0
            else { return }
        }
        broker.sessions[client].queue.append(
            FleetDelivery(
                message: message, qos: qos,
                // [MQTT-3.3.1-9] and [MQTT-3.3.1-12]
                retain: isRetained || isVersion5 && terms.retainAsPublished && message.retain,
                identifier: isVersion5 ? terms.identifier ?? 0 : 0))
        if broker.sessions[client].queue.count > broker.terms.queue {
            _ = broker.sessions[client].queue.popFirst()
            tally.overflowed += 1
        }
        planDelivery(client)
    }

    mutating func planDelivery(_ client: Int) {
        guard clients[client].isAccepted, !broker.sessions[client].isDelivering,
            broker.sessions[client].mustRepeat || !broker.sessions[client].queue.isEmpty
        else { return }
        broker.sessions[client].isDelivering = true
        plan(
            .deliver, at: now + broker.terms.delays.delivery.time(&random), client: client,
            scope: clients[client].connection)
    }

    /// Sends what is queued, as far as the client may have it at once.
    mutating func deliver(_ client: Int) {
        broker.sessions[client].isDelivering = false
        if broker.sessions[client].mustRepeat { repeatDeliveries(client) }
        let window = deliveryWindow(client)
        var left = Self.batch
        while let next = broker.sessions[client].queue.first {
            guard next.message.expiresAt > now else {
                _ = broker.sessions[client].queue.popFirst()
                tally.expired += 1
                continue
            }
            if next.qos > .atMostOnce, broker.sessions[client].inflight.count >= window { return }
            guard left > 0 else { break }
            left -= 1
            _ = broker.sessions[client].queue.popFirst()
            send(next, to: client)
        }
        guard !broker.sessions[client].queue.isEmpty else { return }
        broker.sessions[client].isDelivering = true
        plan(
            .deliver, at: now + Self.batchGap, client: client, scope: clients[client].connection)
    }

    private func deliveryWindow(_ client: Int) -> Int {
        guard clients[client].version == .v5,
            let maximum = fleet.groups[clients[client].group].session.receiveMaximum
        else { return broker.terms.window }
        return min(broker.terms.window, Int(maximum))
    }

    private mutating func send(_ delivery: FleetDelivery, to client: Int) {
        guard delivery.qos > .atMostOnce else {
            write(delivery, to: client, isRepeated: false)
            return
        }
        var delivery = delivery
        delivery.packetID = broker.sessions[client].nextPacketID()
        broker.sessions[client].inflight.append(delivery)
        write(delivery, to: client, isRepeated: false)
        planReceipt(of: delivery, client)
    }

    private mutating func planReceipt(of delivery: FleetDelivery, _ client: Int) {
        let type: PacketType = delivery.qos == .atLeastOnce ? .puback : .pubrec
        plan(
            .clientAnswer, at: clientAnswerTime(client), client: client,
            scope: clients[client].connection, detail: Answer(type, delivery.packetID).detail)
    }

    private mutating func write(_ delivery: FleetDelivery, to client: Int, isRepeated: Bool) {
        let (message, version) = (delivery.message, clients[client].version)
        let (topic, payload, properties) = (message.topic, message.payload, message.properties)
        var identifiers: [UInt8] = []
        if delivery.identifier > 0 {
            writeSubscriptionIdentifier(delivery.identifier, to: &identifiers)
        }
        var bytes = take()
        writePublish(
            topic: topic.span.bytes, payload: payload.span.bytes,
            qos: delivery.qos, retain: delivery.retain, dup: isRepeated,
            packetID: PacketID(delivery.packetID), properties: properties.span.bytes,
            identifiers: identifiers.span.bytes, remaining: message.remaining(at: now),
            version: version, to: &bytes)
        tell(client, .toClient, bytes)
        give(bytes)
    }

    /// What a client did not acknowledge on its last connection [MQTT-4.4.0-1].
    private mutating func repeatDeliveries(_ client: Int) {
        broker.sessions[client].mustRepeat = false
        for delivery in broker.sessions[client].inflight {
            if delivery.isReceived {
                tell(client, .toClient, Answer(.pubrel, delivery.packetID))
                plan(
                    .clientAnswer, at: clientAnswerTime(client), client: client,
                    scope: clients[client].connection,
                    detail: Answer(.pubcomp, delivery.packetID).detail)
            } else {
                write(delivery, to: client, isRepeated: true)
                planReceipt(of: delivery, client)
            }
        }
    }
}
