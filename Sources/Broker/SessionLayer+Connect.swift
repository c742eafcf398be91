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
        connection.isBridge = connect.isBridge
        guard !connect.clientID.isEmpty || connect.cleanStart || connect.version == .v5 else {
            return refuse(connection, number, code: 0x02, into: &outbox)  // [MQTT-3.1.3-8]
        }
        let assigned = connect.clientID.isEmpty ? assignClientID() : nil
        let clientID = assigned ?? connect.clientID
        takeOver(clientID, at: now, into: &outbox)
        let expiry = expiryInterval(of: connect)
        let receiveMaximum =
            connect.properties.lazy.compactMap {
                if case .receiveMaximum(let maximum) = $0 { Int(maximum) } else { nil }
            }.first ?? 65_535  // [MQTT-3.1.2.11.3]

        if let old = sessions[client: clientID], connect.cleanStart || old.hasExpired(at: now) {
            remove(old, at: now, into: &outbox)
        }
        let session: Session
        let present: Bool
        if let old = sessions[client: clientID] {
            session = old
            present = true
            session.resume(
                version: connect.version, expiryInterval: expiry, receiveMaximum: receiveMaximum,
                limits: limits)
        } else {
            session = create(clientID, connect.version, expiry, receiveMaximum)
            present = false
        }
        sessions.connect(session, over: number)
        session.nextCommit = now + Self.firstCommit
        if session.durable { session.dirty.change(.metadata) }
        mark(session)
        connection.session = session
        connection.will = connect.will
        let name = session.name
        let shard = ShardHash(of: name.span.bytes).shard(of: store.shards)
        connection.publisher = Publisher(
            PublisherHeader(
                clientID: clientID, peer: connection.peer, version: connect.version,
                username: connect.username, format: store.format), shard: shard)
        delayedWills[clientID] = nil

        let connack = Packet.connack(
            Connack(
                sessionPresent: present, reasonCode: 0,
                properties: connect.version == .v5 ? answers(assigned: assigned) : []))
        outbox.send(to: number) { connack.write(to: &$0, version: connect.version) }
        resend(session, into: &outbox)
    }

    /// What this server tells a version 5 client about itself.
    private func answers(assigned: String?) -> [Property] {
        var properties: [Property] = [
            .topicAliasMaximum(65_535), .receiveMaximum(UInt16(limits.awaitingRelease)),
        ]
        if let assigned { properties.append(.assignedClientIdentifier(assigned)) }
        return properties
    }

    private func expiryInterval(of connect: Connect) -> UInt32 {
        guard connect.version == .v5 else {
            return connect.cleanStart ? 0 : limits.expiryBeforeVersion5
        }
        return connect.properties.lazy.compactMap {
            if case .sessionExpiryInterval(let seconds) = $0 { seconds } else { nil }
        }.first ?? 0
    }

    /// [MQTT-3.1.4-3]: an older connection of the same client ends first.
    private func takeOver(_ clientID: String, at now: MonotonicTime, into outbox: inout Outbox) {
        guard let number = sessions[client: clientID]?.connection else { return }
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

    /// The session and everything it subscribed to are forgotten. A will that waits is due
    /// [MQTT-3.1.3-9].
    func remove(_ session: Session, at now: MonotonicTime, into outbox: inout Outbox) {
        endShares(of: session, into: &outbox)
        for (_, subscription) in session.subscriptions {
            withdraw(subscription, of: session, into: &outbox)
        }
        commitEnd(of: session)
        sessions.remove(session)
        if let will = delayedWills.removeValue(forKey: session.clientID) {
            publish(will.will, from: will.publisher, at: now, into: &outbox)
        }
    }

    /// Says no to CONNECT.
    private func refuse(
        _ connection: Connection, _ number: Int, code: UInt8, into outbox: inout Outbox
    ) {
        let connack = Packet.connack(Connack(sessionPresent: false, reasonCode: code))
        outbox.send(to: number) { connack.write(to: &$0, version: connection.version) }
        outbox.close(number)
        _ = connections.close(number)
    }

    /// Tells a version 5 client why, and ends the connection.
    func drop(_ number: Int, reason: Reason, at now: MonotonicTime, into outbox: inout Outbox) {
        guard let connection = connections[number] else { return }
        if connection.version == .v5, connection.session != nil {
            let packet = Packet.disconnect(Disconnect(reasonCode: reason.rawValue, properties: []))
            outbox.send(to: number) { packet.write(to: &$0, version: .v5) }
        }
        outbox.close(number)
        closed(number, at: now, into: &outbox)
    }

    /// What follows the end of a connection: its will, and the wait for its session's expiry.
    func end(
        _ connection: Connection, _ number: Int, at now: MonotonicTime, into outbox: inout Outbox
    ) {
        guard let session = connection.session else { return }
        sessions.disconnect(session)
        if let will = connection.will, let publisher = connection.publisher {
            let delay: UInt32 =
                will.properties.lazy.compactMap {
                    if case .willDelayInterval(let seconds) = $0 { seconds } else { nil }
                }.first ?? 0
            // The will is due with its delay or with the end of the session, whichever is first.
            let wait = min(delay, session.expiryInterval)
            if wait == 0 {
                publish(will, from: publisher, at: now, into: &outbox)
            } else {
                delayedWills[session.clientID] = DelayedWill(
                    due: now + .seconds(Double(wait)), will: will, publisher: publisher)
            }
        }
        if session.expiryInterval == 0 {
            remove(session, at: now, into: &outbox)
        } else {
            surrender(session, into: &outbox)
            commitState(of: session)
        }
        if session.expiryInterval > 0, session.expiryInterval != .max {
            session.ends = now + .seconds(Double(session.expiryInterval))
            leaving.append(session)
        }
    }

    func publishDueWills(at now: MonotonicTime, into outbox: inout Outbox) {
        let due = delayedWills.filter { $0.value.due <= now }.sorted { $0.value.due < $1.value.due }
        for (clientID, will) in due {
            delayedWills[clientID] = nil
            publish(will.will, from: will.publisher, at: now, into: &outbox)
        }
    }

    func removeExpired(at now: MonotonicTime, into outbox: inout Outbox) {
        // Who has come back, or has ended, no longer waits.
        leaving.removeAll { $0.ends == nil || sessions[$0.number] !== $0 }
        for session in leaving {
            // It may be in the list twice.
            guard session.hasExpired(at: now), sessions[session.number] === session else {
                continue
            }
            remove(session, at: now, into: &outbox)
        }
    }
}
