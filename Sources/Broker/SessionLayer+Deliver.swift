internal import MQTT
internal import Measure
internal import Storage

extension SessionLayer {
    /// PUBACK, PUBREC, PUBREL or PUBCOMP from a client.
    func acknowledge(
        _ packet: RawSpan, _ header: FixedHeader, _ connection: Connection, _ number: Int,
        into outbox: inout Outbox
    ) throws(CodecError) {
        guard let session = connection.session else { return }
        let answer = try AcknowledgementHeader.read(packet, version: connection.version)
        let id = answer.packetID
        let reply: Outbound.Reply
        switch header.type {
        case .pubrel:
            if session.inbound.released(id) {
                if session.durable { session.dirty.released(id) }
                promise(.pubcomp, id, session, over: number, into: &outbox)
            } else {
                let unknown = Packet.pubcomp(
                    Acknowledgement(
                        packetID: id, reasonCode: Reason.packetIdentifierNotFound.rawValue))
                outbox.send(to: number) { unknown.write(to: &$0, version: connection.version) }
            }
            return
        case .puback: reply = .puback
        case .pubrec: reply = answer.reasonCode >= 0x80 ? .pubrecRefused : .pubrec
        default: reply = .pubcomp
        }
        note(reply, id, of: session)
        let (action, cursor) = session.inflight.received(reply, id: id)
        switch action {
        case .sendPubrel:
            promise(.pubrel, id, session, over: number, into: &outbox)
        case .release:
            if let cursor { session.reading?.completed(cursor, marking: &session.dirty) }
            fill(session, into: &outbox)
            if session.isHeld, session.waiting < limits.readAhead {
                ask(for: session)
            } else if let cursor {
                ask(for: session, of: cursor.shard)
            }
        case .reportMismatch:
            guard reply == .pubrec else { break }
            let unknown = Packet.pubrel(
                Acknowledgement(packetID: id, reasonCode: Reason.packetIdentifierNotFound.rawValue))
            outbox.send(to: number) { unknown.write(to: &$0, version: connection.version) }
        }
    }

    /// Counts an acknowledgement among the session's state; nothing is written for it now.
    private func note(_ reply: Outbound.Reply, _ id: PacketID, of session: Session) {
        guard session.durable else { return }
        switch reply {
        case .puback: session.dirty.advance(.committedQoS1)
        case .pubrec where session.inflight.awaitsPubrec(id): session.dirty.advance(.received)
        case .pubcomp: session.dirty.advance(.committedQoS2)
        case .pubrec, .pubrecRefused: break
        }
        mark(session)
    }

    /// Sends what is to be repeated and then what waits, as far as the window allows.
    func fill(_ session: Session, into outbox: inout Outbox) {
        guard let number = session.connection, session.replaying == nil else { return }
        guard !session.isPaused else { return }
        while let (id, delivery) = session.inflight.nextRepeated() {
            send(delivery, id, dup: true, to: session, over: number, into: &outbox)
        }
        while session.inflight.hasRoom, let delivery = session.dequeue() {
            let id =
                delivery.qos == .atMostOnce
                ? nil
                : session.inflight.begin(
                    qos: delivery.qos, delivery: session.durable ? delivery : nil,
                    cursor: delivery.cursor)
            counters.delivered += 1
            if session.durable, delivery.qos != .atMostOnce {
                session.dirty.advance(delivery.qos == .atLeastOnce ? .sentQoS1 : .sentQoS2)
                mark(session)
            }
            send(delivery, id, dup: false, to: session, over: number, into: &outbox)
        }
    }

    /// At QoS 2 the identifier has to be known after a restart, or the message would come twice.
    private func send(
        _ delivery: Delivery, _ id: PacketID?, dup: Bool, to session: Session, over number: Int,
        into outbox: inout Outbox
    ) {
        if delivery.qos == .exactlyOnce, let id, session.durable,
            store.sessionCommits == .beforePromise
        {
            return promise(.publish(dup: dup), id, session, over: number, into: &outbox)
        }
        outbox.send(to: number) {
            delivery.write(id: id, dup: dup, version: session.version, to: &$0)
        }
    }

    /// [MQTT-4.4.0-1]: a resumed session repeats what was not completed, in order, then goes on.
    func resend(_ session: Session, into outbox: inout Outbox) {
        guard let number = session.connection else { return }
        for slot in session.inflight.slots where slot.state == .awaitingPubcomp {
            promise(.pubrel, slot.id, session, over: number, into: &outbox)
        }
        session.replays =
            session.reading?.replays(
                session: session.number, client: session.name, limit: limits.readAhead) ?? []
        replay(session, into: &outbox)
    }

    /// Has storage read again what was not completed, batch after batch, and then goes on (reference 4.3).
    ///
    /// EMQX has nothing but the rows by then. Here the deliveries are in memory still, and are sent from there;
    /// they wait for the same reads of the same rows all the same.
    private func replay(_ session: Session, into outbox: inout Outbox) {
        if let next = session.replays.popLast() {
            session.replaying = next.epoch
            store.request(next)
        } else {
            session.replaying = nil
            fill(session, into: &outbox)
            ask(for: session)
        }
    }

    /// Messages that storage found for a durable session.
    func take(_ reply: ReadReply, into outbox: inout Outbox) {
        guard let session = sessions[reply.session] else { return }
        if reply.isReplay {
            if session.replaying == reply.epoch { replay(session, into: &outbox) }
            return
        }
        guard session.reading?.epoch == reply.epoch else {
            return  // it subscribes to something else now
        }
        if reply.outcome == .refused { refusing.insert(reply.shard) }
        session.reading?.answered(reply, marking: &session.dirty)
        if !reply.messages.messages.isEmpty || !reply.over.isEmpty { mark(session) }
        for message in reply.messages.messages {
            let address = reply.cursors[message.cursor].address
            session.enqueue(
                Delivery(
                    batch: reply.messages, message: message,
                    cursor: message.qos == .atMostOnce
                        ? nil : Delivery.Cursor(shard: reply.shard, address: address)))
        }
        fill(session, into: &outbox)
        ask(for: session, of: reply.shard)
    }

    /// Asks every shard for what a connected durable session has not seen.
    func ask(for session: Session) {
        session.isHeld = false
        for shard in 0..<store.shards { ask(for: session, of: shard) }
    }

    /// Asks one shard, unless enough waits already.
    func ask(for session: Session, of shard: Int) {
        guard session.connection != nil, session.replaying == nil else { return }
        guard session.waiting < limits.readAhead else {
            session.isHeld = true
            return
        }
        let questions = session.reading?.questions(
            to: shard, of: store, session: session.number, client: session.name,
            limit: limits.readAhead, wait: limits.idlePoll)
        for question in questions ?? [] { store.request(question) }
    }
}
