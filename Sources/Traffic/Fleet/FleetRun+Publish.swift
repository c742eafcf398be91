internal import MQTT
internal import Measure

/// What clients send.
extension FleetRun {
    mutating func compose(_ stream: Int) {
        let client = Int(streams[stream].client)
        let (group, number) = (clients[client].group, Int(streams[stream].kind))
        let kind = kinds[group][number]
        let pitfalls = clients[client].pitfalls
        tally.kinds[group][number].planned += 1
        let qos = pitfalls.contains(.qos2Everywhere) ? .exactlyOnce : kind.terms.qos
        let eventID = (streams[stream].random.next(), streams[stream].random.next())
        let moment = Moment(time: now, sequence: streams[stream].sequence, eventID: eventID)
        streams[stream].sequence += 1
        var about = subject(of: kind, stream)
        about.messageVariables = streams[stream].variables
        guard qos > .atMostOnce || clients[client].isUp else {
            tally.kinds[group][number].lost += 1
            return
        }
        var topic = streams[stream].topic
        if kind.terms.target != nil { kind.terms.topic.write(about, .none, to: &topic) }
        write(kind.terms.payload, about, moment, stream)
        let isVersion5 = clients[client].version == .v5
        let expires = kind.terms.expiry != nil && !pitfalls.contains(.noExpiry)
        let isNamed = kind.terms.eventID && !pitfalls.contains(.noEventID)
        let retain =
            kind.terms.retain || kind.terms.role == .alert && pitfalls.contains(.retainedAlert)
        let properties =
            isVersion5
            ? kind.properties.bytes(
                expires: expires, eventID: isNamed ? eventID : nil) : []
        let isIdentified = isVersion5 && isNamed || kind.terms.payload.hasIdentity
        let shown = Pitfalls(
            shownBy: kind.terms, qos, retain: retain, hasExpiry: !isVersion5 || expires,
            isIdentified: isIdentified)
        var bytes = take()
        var alias: UInt16 = 0
        if kind.terms.topicAlias, isVersion5, qos == .atMostOnce, streams[stream].alias > 0 {
            alias = streams[stream].alias
            let isKnown = streams[stream].aliasKnownOn == clients[client].connection
            streams[stream].aliasKnownOn = clients[client].connection
            if isKnown { topic = [] }
        }
        writePublish(
            topic: topic.span.bytes, payload: payload.span.bytes, qos: qos, retain: retain,
            packetID: qos > .atMostOnce ? PacketID(1) : nil, properties: properties.span.bytes,
            alias: alias, version: clients[client].version, to: &bytes)
        guard qos > .atMostOnce else {
            tally.kinds[group][number].sent += 1
            clients[client].published(shown, kind.terms.role, qos)
            arrive(client, bytes, topic: streams[stream].topic)
            give(bytes)
            return
        }
        let message = OutgoingMessage(
            packet: Array(bytes), idOffset: bytes.headerLength + 2 + topic.count, qos: qos,
            group: Int32(group), kind: Int32(number), shown: shown,
            isIdentified: isIdentified)
        give(bytes)
        send(message, client)
    }

    private mutating func subject(of kind: PlayedMessage, _ stream: Int) -> Subject {
        guard let target = kind.terms.target, !members[target].isEmpty else {
            return clients[Int(streams[stream].client)].subject
        }
        let place = streams[stream].random.below(members[target].count)
        return clients[members[target].lowerBound + place].subject
    }

    private mutating func write(
        _ template: PayloadTemplate, _ about: Subject, _ moment: Moment, _ stream: Int
    ) {
        var values: [Double] = []
        swap(&values, &streams[stream].values)
        var random = streams[stream].random
        payload.removeAll(keepingCapacity: true)
        template.write(about, moment, values: &values, &random, to: &payload)
        streams[stream].random = random
        swap(&values, &streams[stream].values)
    }

    /// Sends a message at QoS 1 or 2, or keeps it until it can.
    private mutating func send(_ message: OutgoingMessage, _ client: Int) {
        let terms = fleet.groups[clients[client].group].session
        if clients[client].isUp, clients[client].waiting.isEmpty,
            clients[client].inflight.count < terms.window
        {
            transmit(message, client)
            return
        }
        clients[client].waiting.append(message)
        guard clients[client].waiting.count > terms.buffer,
            let dropped = clients[client].waiting.popFirst()
        else { return }
        tally.kinds[Int(dropped.group)][Int(dropped.kind)].dropped += 1
    }

    private mutating func transmit(_ message: OutgoingMessage, _ client: Int) {
        var message = message
        message.packetID = clients[client].nextPacketID()
        message.packet[message.idOffset] = UInt8(message.packetID >> 8)
        message.packet[message.idOffset + 1] = UInt8(truncatingIfNeeded: message.packetID)
        message.progress = .sent
        clients[client].inflight.append(message)
        let role = kinds[Int(message.group)][Int(message.kind)].terms.role
        clients[client].published(message.shown, role, message.qos)
        tally.kinds[Int(message.group)][Int(message.kind)].sent += 1
        arrive(client, message.packet)
        planRetry(client, message.packetID)
        let link = fleet.groups[clients[client].group].link
        if link.loss > 0, clients[client].random.unit() < link.loss { lose(client) }
    }

    /// What waited goes out one by one, as a device empties its buffer.
    mutating func drain(_ client: Int) {
        clients[client].isDraining = false
        let window = fleet.groups[clients[client].group].session.window
        guard clients[client].isUp, clients[client].inflight.count < window,
            let message = clients[client].waiting.popFirst()
        else { return }
        transmit(message, client)
        planDrain(client, at: now + Self.drainGap)
    }

    /// Between messages out of a device's buffer: 2 ms.
    private static var drainGap: Int64 { 2_000_000 }

    mutating func planDrain(_ client: Int, at time: Int64) {
        guard clients[client].isUp, !clients[client].isDraining, !clients[client].waiting.isEmpty
        else { return }
        clients[client].isDraining = true
        plan(.drain, at: time, client: client, scope: clients[client].connection)
    }
}

extension [UInt8] {
    /// Bytes of the fixed header of the packet that these are.
    fileprivate var headerLength: Int {
        var length = 2
        while self[length - 1] >= 0x80 { length += 1 }
        return length
    }
}
