internal import MQTT
internal import Measure

/// From CONNECT to the first message.
extension FleetRun {
    mutating func connect(_ client: Int) {
        guard now >= clients[client].notBefore else { return dial(client) }
        if clients[client].connection >= 0 { takeOver(client) }
        let group = fleet.groups[clients[client].group]
        let connection = tally.connections
        tally.connections += 1
        clients[client].connection = Int32(connection)
        clients[client].isDialing = false
        clients[client].attempts = 0
        clients[client].clientClock = now
        clients[client].brokerClock = now
        observer.opened(
            connection, client: Self.endpoint(client, clients[client].nextPort()), at: now)
        let will = will(of: client, group)
        let connect = connectPacket(client, group, will)
        tell(client, .toBroker, .connect(connect))
        openSession(client, connect, group, will)
        plan(
            .connack, at: now + broker.terms.delays.connack.time(&random), client: client,
            scope: Int32(connection))
        if connect.keepAlive > 0 {
            plan(
                .ping, at: now + Int64(connect.keepAlive) * FleetTime.second, client: client,
                scope: Int32(connection))
        }
    }

    /// Plans the next attempt: later from attempt to attempt.
    mutating func dial(_ client: Int) {
        let link = fleet.groups[clients[client].group].link
        let draw = link.reconnect.draw(&clients[client].random)
        // Doubled more often it is beyond any limit.
        let factor = Double(UInt64(1) << UInt64(min(clients[client].attempts, 40)))
        let wait = min(draw * factor, Double(max(link.reconnectLimit, 1)))
        clients[client].attempts += 1
        clients[client].isDialing = true
        plan(.connect, at: now + max(1, Int64(wait)), client: client)
    }

    /// Every client has an address of its own in 10.64.0.0/10.
    private static func endpoint(_ client: Int, _ port: UInt16) -> Endpoint {
        Endpoint(ipv4: 0x0A40_0000 + UInt32(client) + 1, port: port)
    }

    private mutating func connectPacket(
        _ client: Int, _ group: ClientGroup, _ will: Will?
    ) -> Connect {
        let (subject, pitfalls) = (clients[client].subject, clients[client].pitfalls)
        let terms = group.session
        var connect = Connect(
            version: clients[client].version,
            clientID: String(decoding: subject.device, as: UTF8.self),
            cleanStart: terms.cleanStart || pitfalls.contains(.contradictoryClean),
            keepAlive: terms.keepAlive, will: will)
        if let username = group.username {
            var text: [UInt8] = []
            username.write(subject, .none, to: &text)
            connect.username = String(decoding: text, as: UTF8.self)
        }
        clients[client].hasWill = will != nil
        if let will, !will.retain { clients[client].shown.insert(.willNotRetained) }
        guard connect.version == .v5 else { return connect }
        let expiry = sessionExpiry(terms, pitfalls)
        if connect.cleanStart, expiry > 0 { clients[client].shown.insert(.contradictoryClean) }
        if expiry == .max { clients[client].shown.insert(.unboundedExpiry) }
        if expiry > 0 { connect.properties.append(.sessionExpiryInterval(expiry)) }
        if let maximum = terms.receiveMaximum {
            connect.properties.append(.receiveMaximum(maximum))
        }
        return connect
    }

    /// What a client of version 5 asks for, in seconds.
    private func sessionExpiry(_ terms: SessionTerms, _ pitfalls: Pitfalls) -> UInt32 {
        if pitfalls.contains(.unboundedExpiry) { return .max }
        // The contradiction needs a session that lasts; two hours are EMQX's standard.
        if pitfalls.contains(.contradictoryClean), terms.expiry == 0 { return 7_200 }
        return terms.expiry
    }

    private mutating func will(of client: Int, _ group: ClientGroup) -> Will? {
        let pitfalls = clients[client].pitfalls
        guard let terms = group.will, !pitfalls.contains(.noWill) else { return nil }
        let subject = clients[client].subject
        var topic: [UInt8] = [], payload: [UInt8] = []
        terms.topic.write(subject, .none, to: &topic)
        var random = clients[client].random.branch("will")
        var values = terms.payload.start(&random)
        let moment = Moment(
            time: now, sequence: 0, eventID: (random.next(), random.next()))
        terms.payload.write(subject, moment, values: &values, &random, to: &payload)
        var will = Will(
            topic: String(decoding: topic, as: UTF8.self), payload: payload, qos: terms.qos,
            retain: terms.retain && !pitfalls.contains(.willNotRetained))
        if clients[client].version == .v5 {
            if terms.delay > 0 { will.properties.append(.willDelayInterval(terms.delay)) }
            if let expiry = terms.expiry { will.properties.append(.messageExpiryInterval(expiry)) }
            if let type = terms.contentType { will.properties.append(.contentType(type)) }
        }
        return will
    }

    private mutating func openSession(
        _ client: Int, _ connect: Connect, _ group: ClientGroup, _ will: Will?
    ) {
        // The session ends here if it is not wanted, and its will is due with it [MQTT-3.1.3-9].
        if connect.cleanStart || !broker.sessions[client].isDurable { endSession(client) }
        clients[client].sessionPresent = broker.sessions[client].exists
        broker.sessions[client].generation += 1
        broker.sessions[client].exists = true
        broker.sessions[client].mustRepeat = !broker.sessions[client].inflight.isEmpty
        if connect.version == .v5 {
            broker.sessions[client].expiry = connect.sessionExpiry
            broker.sessions[client].isDurable = connect.sessionExpiry > 0
        } else {
            broker.sessions[client].expiry = broker.terms.sessionExpiry
            broker.sessions[client].isDurable = !connect.cleanStart
        }
        broker.sessions[client].will = will
        let delay = connect.version == .v5 ? group.will?.delay ?? 0 : 0
        broker.sessions[client].willDelay = Int64(delay) * FleetTime.second
    }

    mutating func acceptConnection(_ client: Int) {
        let version = clients[client].version
        var connack = Connack(
            sessionPresent: version > .v3_1 && clients[client].sessionPresent, reasonCode: 0)
        if version == .v5 {
            connack.properties = [
                .topicAliasMaximum(.max), .maximumPacketSize(UInt32(PayloadTemplate.largest)),
            ]
        }
        tell(client, .toClient, .connack(connack))
        clients[client].isAccepted = true
        plan(
            .greeting, at: clientAnswerTime(client), client: client,
            scope: clients[client].connection)
        planDelivery(client)
    }

    /// What a client does once it is connected: subscribe, repeat what was not answered, say hello, send what waited.
    mutating func greet(_ client: Int) {
        clients[client].isUp = true
        let group = fleet.groups[clients[client].group]
        // Version 3.1 cannot tell whether the session is there.
        let isPresent = clients[client].sessionPresent && clients[client].version > .v3_1
        if !group.subscriptions.isEmpty, !isPresent || group.resubscribes {
            subscribe(client, group)
        }
        repeatInflight(client, isPresent: clients[client].sessionPresent)
        for stream in clients[client].streams where clients[client].isUp {
            let kind = group.messages[Int(streams[stream].kind)]
            guard kind.schedule == .onConnect, streams[stream].left == 0 else { continue }
            streams[stream].left = kind.burst.count
            plan(.message, at: now, client: stream)
        }
        planDrain(client, at: now)
    }

    private mutating func subscribe(_ client: Int, _ group: ClientGroup) {
        guard let id = PacketID(clients[client].nextPacketID()) else {
            preconditionFailure("identifiers are not zero")
        }
        let isVersion5 = clients[client].version == .v5
        var subscriptions: [Subscription] = []
        var isNew: [Bool] = []
        for (number, terms) in group.subscriptions.enumerated() {
            var filter: [UInt8] = []
            terms.filter.write(clients[client].subject, .none, to: &filter)
            let text = String(decoding: filter, as: UTF8.self)
            guard let parsed = try? TopicFilter(text) else {
                preconditionFailure("filters were checked when the fleet was read")
            }
            subscriptions.append(
                Subscription(
                    filter: text, qos: terms.qos, noLocal: isVersion5 && terms.noLocal,
                    retainAsPublished: isVersion5 && terms.retainAsPublished,
                    retainHandling: isVersion5 ? terms.retainHandling : 0))
            isNew.append(broker.subscribe(client, parsed, number: number))
        }
        var properties: [Property] = []
        if isVersion5, let identifier = group.subscriptions.first?.identifier {
            properties.append(.subscriptionIdentifier(identifier))
        }
        tell(
            client, .toBroker,
            .subscribe(
                Subscribe(packetID: id, properties: properties, subscriptions: subscriptions)))
        clients[client].newSubscriptions = isNew
        plan(
            .suback, at: answerTime(client), client: client, scope: clients[client].connection,
            detail: Int32(id.rawValue))
    }

    /// The SUBACK, and then the retained messages.
    mutating func acknowledgeSubscriptions(_ client: Int, _ id: UInt16) {
        guard let id = PacketID(id) else { preconditionFailure("identifiers are not zero") }
        let group = fleet.groups[clients[client].group]
        tell(
            client, .toClient,
            .suback(
                Suback(packetID: id, reasonCodes: group.subscriptions.map { $0.qos.rawValue })))
        let isNew = clients[client].newSubscriptions
        clients[client].newSubscriptions = []
        for subscription in broker.sessions[client].subscriptions {
            let terms = group.subscriptions[subscription.number]
            let handling = clients[client].version == .v5 ? terms.retainHandling : 0
            guard subscription.filter.sharedGroup == nil, handling < 2,
                handling == 0 || isNew[subscription.number]
            else { continue }
            for message in broker.retained(matching: subscription.filter, at: now) {
                enqueue(message, for: client, terms, isRetained: true)
            }
        }
    }
}
