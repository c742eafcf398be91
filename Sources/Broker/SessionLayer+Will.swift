internal import Layout
internal import MQTT
internal import Measure
internal import Storage

/// A will that waits for its delay [MQTT-3.1.3.2.2].
struct DelayedWill {
    let due: MonotonicTime
    /// Wall clock, milliseconds, of the same moment: what a restart can go by.
    let wallDue: Int
    let will: Will
    let publisher: Publisher
    let identity: ClientIdentity
}

/// Wills: when they are published, and what of them is kept beyond the end of the broker.
extension SessionLayer {
    /// The connection has ended without a farewell: its will is due with its delay or with the end of the session,
    /// whichever is first.
    func leaveWill(
        of connection: Connection, _ session: Session, at now: MonotonicTime,
        into outbox: inout Outbox
    ) {
        guard let will = connection.will, let publisher = connection.publisher,
            let identity = connection.identity
        else { return }
        connection.will = nil
        let wait = min(will.delay, session.expiryInterval)
        guard wait > 0 else { return publish(will, from: publisher, at: now, into: &outbox) }
        delayedWills[session.clientID] = DelayedWill(
            due: now + .seconds(Double(wait)), wallDue: Int(wallClock()) + Int(wait) * 1_000,
            will: will, publisher: publisher, identity: identity)
    }

    func publishDueWills(at now: MonotonicTime, into outbox: inout Outbox) {
        guard !delayedWills.isEmpty else { return }
        let due = delayedWills.filter { $0.value.due <= now }.sorted { $0.value.due < $1.value.due }
        for (clientID, will) in due {
            delayedWills[clientID] = nil
            publish(will.will, from: will.publisher, at: now, into: &outbox)
            guard let session = sessions[client: clientID], session.durable else { continue }
            // After a kill before this commit it is published again: twice rather than never.
            session.dirty.change(.metadata)
            mark(session)
        }
    }

    /// What the tables are to know of the will of a session.
    func keptWill(of session: Session) -> StateValue.Will? {
        if let number = session.connection {
            guard let connection = connections[number], let will = connection.will,
                let identity = connection.identity
            else { return nil }
            let patience = Int((connection.patience?.seconds ?? 0).rounded(.up))
            return kept(will, of: identity, .armed(patience: patience))
        }
        return delayedWills[session.clientID].map {
            kept($0.will, of: $0.identity, .due($0.wallDue))
        }
    }

    private func kept(
        _ will: Will, of client: ClientIdentity, _ state: StateValue.WillState
    ) -> StateValue.Will {
        var bytes: [UInt8] = []
        Connect(version: .v5, clientID: "", will: will).write(to: &bytes)
        return StateValue.Will(
            connect: bytes, username: client.username, peer: client.peer, state: state)
    }

    /// A will that was found in the tables. A client that was connected when the broker ended may come back for as long
    /// as it might have been silent, so that a restart does not report a whole fleet dead; publication may wait for
    /// the restart [MQTT-3.1.2.5].
    func restoreWill(_ kept: StateValue.Will, of session: Session, at now: MonotonicTime) {
        guard case .connect(let connect)? = try? Packet.read(kept.connect.span.bytes, version: .v5),
            let will = connect.will
        else { return }
        let wall = Int(wallClock())
        let due =
            switch kept.state {
            case .due(let time): time
            case .armed(let patience):
                wall + (patience + Int(min(will.delay, session.expiryInterval))) * 1_000
            }
        let wait = Double(max(0, due - wall)) / 1_000
        delayedWills[session.clientID] = DelayedWill(
            due: now + .seconds(wait), wallDue: due, will: will,
            publisher: publisher(
                named: session.clientID, from: kept.peer, username: kept.username,
                version: session.version),
            identity: ClientIdentity(
                clientID: session.clientID, username: kept.username, peer: kept.peer))
    }

    func publisher(
        named client: String, from peer: PeerAddress, username: String?, version: ProtocolVersion
    ) -> Publisher {
        let name = Array(client.utf8)
        return Publisher(
            PublisherHeader(
                clientID: client, peer: peer, version: version, username: username,
                format: store.format),
            shard: ShardHash(of: name.span.bytes).shard(of: store.shards))
    }
}

extension Will {
    /// Seconds; 0 if it says nothing of it.
    fileprivate var delay: UInt32 {
        for case .willDelayInterval(let seconds) in properties { return seconds }
        return 0
    }
}
