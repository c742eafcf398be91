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
                if session.inbound.free(id) { return free(id, connection, session) }
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
        let (action, over) = session.inflight.received(reply, id: id)
        switch action {
        case .sendPubrel:
            promise(.pubrel, id, session, over: number, into: &outbox)
        case .release:
            let cursor = over?.cursor
            if let cursor { completed(cursor, of: over?.group, session) }
            fill(session, into: &outbox)
            takeTurn(session, into: &outbox)
            if session.isHeld, session.waiting < limits.readAhead {
                ask(for: session)
            } else if let cursor, over?.group == nil {
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
        guard session.durable, let slot = session.inflight.slot(id), slot.isNumbered else {
            return
        }
        switch reply {
        case .puback: session.dirty.touch(.committedQoS1)
        case .pubrec where slot.state == .awaitingPubrec: session.dirty.touch(.received)
        case .pubcomp: session.dirty.touch(.committedQoS2)
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
        guard
            session.retained.isEmpty || sendRetained(session, over: number, into: &outbox)
        else { return }
        while session.inflight.hasRoom, let delivery = session.dequeue() {
            if hasExpired(delivery) {
                counters.expired += 1
                skip(delivery, of: session)
            } else {
                begin(delivery, to: session, over: number, into: &outbox)
            }
        }
    }

    /// Sends a message for the first time.
    /// - Precondition: the window has room, unless it is at QoS 0.
    func begin(
        _ delivery: Delivery, to session: Session, over number: Int, into outbox: inout Outbox
    ) {
        // [MQTT-3.1.2-25]
        if let limit = connections[number]?.terms.packetLimit, limit < Int.max,
            delivery.exceeds(limit, version: session.version)
        {
            counters.tooLarge += 1
            return skip(delivery, of: session)
        }
        var id: PacketID?
        if delivery.qos != .atMostOnce {
            id = session.inflight.begin(
                qos: delivery.qos,
                delivery: session.durable || delivery.group != nil ? delivery : nil,
                cursor: delivery.cursor, group: delivery.group)
        }
        counters.delivered += 1
        if session.durable, delivery.qos != .atMostOnce, delivery.isNumbered {
            session.dirty.advance(delivery.qos == .atLeastOnce ? .sentQoS1 : .sentQoS2)
            mark(session)
        }
        send(delivery, id, dup: false, to: session, over: number, into: &outbox)
        // A group's member may have it at QoS 0, where nothing is awaited.
        if delivery.qos == .atMostOnce, let cursor = delivery.cursor {
            completed(cursor, of: delivery.group, session)
        }
    }

    /// [MQTT-3.3.2-5]
    private func hasExpired(_ delivery: Delivery) -> Bool {
        guard let interval = delivery.message.expiry ?? limits.messageExpiry else { return false }
        return Expiry.remaining(of: interval, since: delivery.message.published, at: wallTime)
            == nil
    }

    /// What is not to be sent counts as sent and acknowledged: its stream is read on.
    private func skip(_ delivery: Delivery, of session: Session) {
        guard let cursor = delivery.cursor else { return }
        if delivery.isNumbered {
            switch delivery.qos {
            case .atMostOnce: break
            case .atLeastOnce:
                session.dirty.advance(.sentQoS1)
                session.dirty.touch(.committedQoS1)
            case .exactlyOnce:
                session.dirty.advance(.sentQoS2)
                session.dirty.touch(.received)
                session.dirty.touch(.committedQoS2)
            }
            mark(session)
        }
        completed(cursor, of: delivery.group, session)
        if delivery.group == nil { ask(for: session, of: cursor.shard) }
    }

    /// A delivery is over: the stream that it came from may be read on.
    private func completed(_ cursor: Delivery.Cursor, of group: Int?, _ session: Session) {
        guard let group else {
            session.reading?.completed(cursor, marking: &session.dirty)
            return
        }
        if let group = groups[group] { completed(cursor, of: group) }
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
        transmit(delivery, id, dup: dup, over: number, into: &outbox)
    }

    /// The PUBLISH packet, with an alias for its topic if the client admits one.
    func transmit(
        _ delivery: Delivery, _ id: PacketID?, dup: Bool, over number: Int,
        into outbox: inout Outbox
    ) {
        guard let connection = connections[number] else { return }
        let wall = delivery.message.expiry == nil ? 0 : wallTime
        var alias: UInt16 = 0
        var isNew = false
        // An alias that is announced makes the packet larger than it was found to be.
        if connection.terms.topicAliasMaximum > 0, connection.terms.packetLimit == .max {
            let stored = delivery.batch.bytes
            let topic = stored.span.bytes.extracting(delivery.message.topic)
            if let known = connection.outgoing.alias(of: topic) {
                alias = known
            } else if let given = connection.outgoing.give(topic) {
                (alias, isNew) = (given, true)
            }
        }
        outbox.send(to: number) {
            delivery.write(
                id: id, dup: dup, version: connection.version, alias: alias, isNewAlias: isNew,
                at: wall, to: &$0)
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
                session: session.number, client: session.name, of: store, limit: limits.readAhead)
            ?? []
        replay(session, into: &outbox)
    }

    /// Has storage read again what was not completed, batch after batch, and then goes on (reference 4.3).
    ///
    /// EMQX has nothing but the rows by then. Here the deliveries are in memory still, unless the broker was started
    /// since, and are sent from there; they wait for the same reads of the same rows all the same.
    private func replay(_ session: Session, into outbox: inout Outbox) {
        if let next = session.replays.popLast() {
            session.replaying = next.epoch
            store.request(next)
        } else {
            session.replaying = nil
            fill(session, into: &outbox)
            takeShares(session, into: &outbox)
            ask(for: session)
        }
    }

    /// Messages that storage found for a durable session.
    func take(_ reply: ReadReply, into outbox: inout Outbox) {
        if let group = groups[reader: reply.session] {
            return take(reply, for: group, into: &outbox)
        }
        guard reply.session >= 0, let session = sessions[reply.session] else { return }
        if reply.isReplay {
            guard session.replaying == reply.epoch else { return }
            guard adopt(reply, session) else {
                // The client comes back, and it is tried again.
                guard let number = session.connection else { return }
                return drop(
                    number, reason: .implementationSpecificError, at: lastPoll, into: &outbox)
            }
            return replay(session, into: &outbox)
        }
        guard session.reading?.epoch == reply.epoch else {
            return  // it subscribes to something else now
        }
        if reply.outcome == .refused { refusing.insert(reply.shard) }
        var qos1 = session.dirty.counters[.nextQoS1], qos2 = session.dirty.counters[.nextQoS2]
        session.reading?.answered(reply, marking: &session.dirty)
        if !reply.messages.messages.isEmpty || !reply.over.isEmpty { mark(session) }
        for message in reply.messages.messages {
            let address = reply.cursors[message.cursor].address
            var delivery = Delivery(
                batch: reply.messages, message: message,
                cursor: message.qos == .atMostOnce
                    ? nil : Delivery.Cursor(shard: reply.shard, address: address))
            switch message.qos {
            case .atMostOnce: break
            case .atLeastOnce:
                qos1 += 1
                delivery.number = qos1
            case .exactlyOnce:
                qos2 += 1
                delivery.number = qos2
            }
            session.enqueue(delivery)
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
