internal import MQTT
internal import Measure

/// Sessions and subscriptions, as they begin and end.
extension Audit {
    func take(_ control: LedgerRecord.Control) {
        let client = clients[control.client]
        // The broker's packets were readable enough to be recorded; one that is not says nothing here.
        guard let packet = try? Packet.read(control.packet.span.bytes, version: control.version)
        else { return }
        switch (control.fromBroker, packet) {
        case (false, .connect(let connect)): connects(client, connect)
        case (true, .connack(let connack)): connected(client, connack)
        case (false, .subscribe(let subscribe)): asks(client, subscribe)
        case (true, .suback(let suback)): grants(client, suback)
        case (false, .unsubscribe(let unsubscribe)):
            client.given[unsubscribe.packetID.rawValue] = unsubscribe
            for filter in unsubscribe.filters { client.claims[filter].map { excuse($0) } }
        case (true, .unsuback(let unsuback)):
            for filter in client.given.removeValue(forKey: unsuback.packetID.rawValue)?.filters
                ?? []
            {
                client.claims[filter].map { remove($0) }
            }
        case (false, .disconnect(let disconnect)):
            if let expiry = disconnect.properties.sessionExpiry { client.expiry = expiry }
            // "Disconnect with Will Message" is no farewell.
            leave(client, isFarewell: disconnect.reasonCode != 0x04)
        default: break
        }
    }

    private func connects(_ client: AuditedClient, _ connect: Connect) {
        client.version = connect.version
        client.introduced = now
        client.asked.removeAll()
        client.given.removeAll()
        cancelWill(of: client)
        if connect.cleanStart {
            forget(client)
            client.mayBeForgotten = true
        } else if !isSure(of: client) {
            client.mayBeForgotten = true
            client.excuse()
        }
        client.expiry =
            connect.version == .v5
            ? connect.properties.sessionExpiry ?? 0
            : connect.cleanStart ? 0 : promise.expiryBeforeVersion5
        client.will = connect.will
    }

    /// Whether the session has to be there, with a second for the broker's clock.
    private func isSure(of client: AuditedClient) -> Bool {
        client.isAlive(at: now + .seconds(1))
    }

    private func connected(_ client: AuditedClient, _ connack: Connack) {
        guard connack.reasonCode == 0 else {
            client.will = nil
            return
        }
        // Version 3.1 does not tell.
        let isPresent = client.version == .v3_1 ? client.hasSession : connack.sessionPresent
        if !isPresent {
            if client.hasSession, !client.mayBeForgotten {
                found.sessionsForgotten += 1
                example("\(client.name): its session was forgotten")
            }
            // What it was owed is lost with a session that should be there; `forget` would excuse it.
            if client.mayBeForgotten { forget(client) } else { abandon(client) }
        }
        if !client.hasSession { client.since = now }
        (client.hasSession, client.mayBeForgotten) = (true, false)
        (client.connected, client.left) = (now, nil)
        if let expiry = connack.properties.sessionExpiry { client.expiry = expiry }
    }

    private func asks(_ client: AuditedClient, _ subscribe: Subscribe) {
        client.asked[subscribe.packetID.rawValue] = subscribe
        for options in subscribe.subscriptions {
            guard let filter = try? TopicFilter(options.filter) else { continue }
            let isNew = client.claims[options.filter] == nil
            if let claim = client.claims[options.filter] {
                (claim.options, claim.asked) = (options, now)
            } else {
                let claim = AuditedClient.Claim(of: client, filter, options, at: now)
                client.claims[options.filter] = claim
                filters.insert(filter, claim)
                index.forEachMatch(filter) { topics[$0].claims.append(claim) }
            }
            // With No Local, one's own retained messages need not come.
            let wanted = options.retainHandling == 0 || options.retainHandling == 1 && isNew
            if wanted, filter.sharedGroup == nil, !options.noLocal {
                askForRetained(client, filter)
            }
        }
    }

    private func grants(_ client: AuditedClient, _ suback: Suback) {
        guard let asked = client.asked.removeValue(forKey: suback.packetID.rawValue) else { return }
        for (options, code) in zip(asked.subscriptions, suback.reasonCodes) {
            guard let claim = client.claims[options.filter] else { continue }
            if let qos = QoS(rawValue: code) {
                claim.options.qos = qos
                claim.granted = claim.granted ?? now
            } else {
                for number in topics(of: claim) { topics[number].due.remove(client.number) }
                remove(claim)
            }
        }
    }

    func closed(_ client: AuditedClient) {
        leave(client, isFarewell: false)
    }

    private func leave(_ client: AuditedClient, isFarewell: Bool) {
        guard client.connected != nil else { return }
        (client.connected, client.left) = (nil, now)
        for number in client.claims.values.flatMap({ topics(of: $0) }) {
            topics[number].due.remove(client.number)
        }
        if isFarewell { callOffWill(of: client) } else { leaveWill(of: client) }
        if client.expiry == 0 { forget(client) }
    }

    /// Its session is over, and with it what it was owed, unless the broker had already passed it over.
    private func forget(_ client: AuditedClient) {
        judgeOvertaken(client)
        client.excuse()
        abandon(client)
    }

    /// Nothing more is owed to its session; what is, stays. A client need not wait for CONNACK: what it has sent since
    /// CONNECT belongs to the session that begins.
    private func abandon(_ client: AuditedClient) {
        for claim in client.claims.values where claim.asked < client.introduced { remove(claim) }
        client.sent = client.sent.filter { table[$0.value].sent >= client.introduced }
        client.held.removeAll()
        (client.hasSession, client.waiting) = (false, 0)
    }

    private func excuse(_ claim: AuditedClient.Claim) {
        claim.granted = nil
        for number in topics(of: claim) {
            topics[number].lanes[claim.client.number]?.excuse()
        }
    }

    private func remove(_ claim: AuditedClient.Claim) {
        for number in topics(of: claim) { topics[number].claims.removeAll { $0 == claim } }
        filters.remove(claim.filter, claim)
        claim.client.claims[claim.filter.text] = nil
    }

    private func topics(of claim: AuditedClient.Claim) -> [Int] {
        var numbers: [Int] = []
        index.forEachMatch(claim.filter) { numbers.append($0) }
        return numbers
    }
}

extension [Property] {
    fileprivate var sessionExpiry: UInt32? {
        for case .sessionExpiryInterval(let seconds) in self { return seconds }
        return nil
    }
}
