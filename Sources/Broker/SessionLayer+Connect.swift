internal import Layout
internal import MQTT
internal import Measure
internal import Storage

extension SessionLayer {
    func accept(
        _ connect: Connect, _ connection: Connection, _ number: Int, at now: MonotonicTime,
        into outbox: inout Outbox
    ) {
        connection.version = connect.version
        let terms = ClientTerms(connect.properties)
        connection.isBridge = connect.isBridge
        connection.terms = terms
        if let (reason, sentence) = refusal(of: connect, terms) {
            return refuse(
                number, code: reason.rawValue, version: connect.version, because: sentence,
                into: &outbox)
        }
        counters.connects += 1
        let assigned = connect.clientID.isEmpty ? assignClientID() : nil
        let clientID = assigned ?? connect.clientID
        takeOver(clientID, at: now, into: &outbox)
        let expiry = expiryInterval(of: connect, terms)

        if let old = sessions[client: clientID], connect.cleanStart || old.hasExpired(at: now) {
            remove(old, at: now, into: &outbox)
        }
        let session: Session
        let present: Bool
        if let old = sessions[client: clientID] {
            session = old
            present = true
            counters.resumed += 1
            session.resume(
                version: connect.version, expiryInterval: expiry,
                receiveMaximum: terms.receiveMaximum, limits: limits)
        } else {
            session = create(clientID, connect.version, expiry, terms.receiveMaximum)
            present = false
        }
        session.reading?.wake(epoch: newEpoch(), store: store)
        sessions.connect(session, over: number)
        session.nextCommit = now + Self.firstCommit
        if session.durable { session.dirty.change(.metadata) }
        mark(session)
        begin(connection, session, connect)
        delayedWills[clientID] = nil
        let keepAlive = limits.serverKeepAlive ?? connect.keepAlive
        watch(connection, keepAlive: keepAlive, at: now)

        let connack = Packet.connack(
            Connack(
                // Version 3.1 has no such flag.
                sessionPresent: present && connect.version > .v3_1,
                properties: connect.version == .v5
                    ? answers(to: connect, terms, expiry: expiry, assigned: assigned) : []))
        outbox.send(to: number) { connack.write(to: &$0, version: connect.version) }
        resend(session, into: &outbox)
    }

    /// Why a CONNECT is not accepted; nil if it is.
    private func refusal(
        of connect: Connect, _ terms: ClientTerms
    ) -> (reason: Reason, sentence: String?)? {
        if terms.authenticationMethod != nil {  // [MQTT-4.12.0-1]
            return (.badAuthenticationMethod, "This server knows no authentication method.")
        }
        if terms.hasAuthenticationData {  // [MQTT-3.1.2.11.10]
            return (.protocolError, "Authentication data comes with an authentication method.")
        }
        if connect.clientID.isEmpty {
            // [MQTT-3.1.3-8] of 3.1.1; version 3.1 wants at least one character.
            switch connect.version {
            case .v3_1: return (.clientIdentifierNotValid, nil)
            case .v3_1_1 where !connect.cleanStart: return (.clientIdentifierNotValid, nil)
            case .v3_1_1, .v5: break
            }
        }
        guard let will = connect.will else { return nil }
        if will.qos > limits.maximumQoS {  // [MQTT-3.2.2-12]
            return (.qosNotSupported, "The will's QoS is above this server's Maximum QoS.")
        }
        if will.retain, !limits.retainAvailable {  // [MQTT-3.2.2-13]
            return (.retainNotSupported, "This server retains no messages.")
        }
        return nil
    }

    /// The connection is its session's from now on.
    private func begin(_ connection: Connection, _ session: Session, _ connect: Connect) {
        connection.session = session
        connection.outgoing = OutgoingAliases(
            limit: min(connection.terms.topicAliasMaximum, limits.topicAliasesOut))
        let identity = ClientIdentity(
            clientID: session.clientID, username: connect.username, peer: connection.peer)
        connection.identity = identity
        if let will = connect.will {
            let topic = Array(will.topic.utf8)
            let isAllowed =
                authority?.allows(.publish, topic.span.bytes, for: identity) ?? true
            // As with PUBLISH of older versions, what is denied goes nowhere and nobody is told (EMQX).
            connection.will = isAllowed ? will : nil
        }
        connection.publisher = publisher(
            named: session.clientID, from: connection.peer, username: connect.username,
            version: connect.version)
    }

    /// What this server tells a version 5 client about itself: what differs from the specification's defaults.
    private func answers(
        to connect: Connect, _ terms: ClientTerms, expiry: UInt32, assigned: String?
    ) -> [Property] {
        var properties: [Property] = [.topicAliasMaximum(limits.topicAliasesIn)]
        if limits.awaitingRelease < 65_535 {
            properties.append(.receiveMaximum(UInt16(max(1, limits.awaitingRelease))))
        }
        if expiry != terms.expiry ?? 0 { properties.append(.sessionExpiryInterval(expiry)) }
        if limits.maximumQoS < .exactlyOnce {
            properties.append(.maximumQoS(limits.maximumQoS.rawValue))
        }
        if !limits.retainAvailable { properties.append(.retainAvailable(0)) }
        if !limits.wildcardSubscriptions { properties.append(.wildcardSubscriptionAvailable(0)) }
        if !limits.sharedSubscriptions { properties.append(.sharedSubscriptionAvailable(0)) }
        properties.append(.maximumPacketSize(UInt32(clamping: limits.packetBytes)))
        if let assigned { properties.append(.assignedClientIdentifier(assigned)) }
        if let keepAlive = limits.serverKeepAlive { properties.append(.serverKeepAlive(keepAlive)) }
        if terms.wantsResponseInformation, let information = limits.responseInformation {
            properties.append(.responseInformation(information))
        }
        return properties
    }

    private func expiryInterval(of connect: Connect, _ terms: ClientTerms) -> UInt32 {
        let asked =
            connect.version == .v5
            ? terms.expiry ?? 0 : connect.cleanStart ? 0 : limits.expiryBeforeVersion5
        return min(asked, limits.largestExpiry)
    }

    /// [MQTT-3.1.4-3]: an older connection of the same client ends first.
    private func takeOver(_ clientID: String, at now: MonotonicTime, into outbox: inout Outbox) {
        guard let number = sessions[client: clientID]?.connection else { return }
        counters.takenOver += 1
        drop(number, reason: .sessionTakenOver, at: now, into: &outbox)
    }

    private func create(
        _ clientID: String, _ version: ProtocolVersion, _ expiry: UInt32, _ receiveMaximum: Int
    ) -> Session {
        sessions.insert { number in
            Session(
                clientID: clientID, number: number, version: version, expiryInterval: expiry,
                limits: limits, receiveMaximum: receiveMaximum, shards: store.shards,
                epoch: newEpoch())
        }
    }

    /// An identifier that nobody has and nobody can guess, also not from others: who knew it could take the session
    /// over. 128 random bits do not come twice, before or after a restart.
    private func assignClientID() -> String {
        var random = SystemRandomNumberGenerator()
        while true {
            let halves = [random.next(), random.next()] as [UInt64]
            let digits = halves.map { half in
                let text = String(half, radix: 36)
                return String(repeating: "0", count: 13 - text.count) + text
            }
            let clientID = "dstune-" + digits.joined()
            if sessions[client: clientID] == nil { return clientID }
        }
    }
}
