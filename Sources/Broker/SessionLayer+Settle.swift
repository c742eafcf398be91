internal import MQTT
internal import Measure
internal import Storage

/// When a promise may be sent: at once, or once storage has decided what it promises (README, "What an
/// acknowledgement promises").
extension SessionLayer {
    /// PUBACK or PUBREC of a message that was routed; nothing at QoS 0.
    /// - Parameter receipt: nil if no durable subscription wanted it.
    func promise(
        _ header: PublishHeader, _ receipt: Receipt?, _ session: Session, _ connection: Connection,
        _ number: Int, into outbox: inout Outbox
    ) {
        guard let id = PacketID(header.packetID), let publisher = connection.publisher else {
            return
        }
        let kind: HeldAnswer.Kind = header.qos == .exactlyOnce ? .pubrec : .puback
        // Behind another answer also what was not stored has to wait [MQTT-4.6.0-2].
        guard store.acknowledgement == .onCommit, receipt != nil || connection.held > 0 else {
            return accepted(kind, id, session, over: number, into: &outbox)
        }
        if case .pubrec = kind { session.inbound.hold(id, for: number) }
        connection.held += 1
        let position = receipt?.position ?? held[publisher.shard].lastPosition
        held[publisher.shard].push(
            HeldAnswer(
                kind: kind, id: id, connection: number, session: session,
                isWritten: receipt != nil, received: answering), until: position)
    }

    /// Takes what storage has decided.
    func settle(_ settlement: Settlement, at now: MonotonicTime, into outbox: inout Outbox) {
        while let answer = held[settlement.lane].pop(through: settlement.through) {
            answering = answer.received
            if settlement.lane != store.sessionLane { connections[answer.connection]?.held -= 1 }
            if let refusal = settlement.refusal, answer.isWritten {
                refuse(answer, refusal, at: now, into: &outbox)
            } else if settlement.lane == store.sessionLane {
                send(answer, into: &outbox)
            } else {
                accepted(
                    answer.kind, answer.id, answer.session, over: answer.connection, into: &outbox)
            }
        }
    }

    /// The message is as safe as the mode says. What PUBREC promises besides, that the message will be known
    /// if it comes again, is committed after it: a kill between the two stores it twice, never not at all.
    private func accepted(
        _ kind: HeldAnswer.Kind, _ id: PacketID, _ session: Session, over number: Int,
        into outbox: inout Outbox
    ) {
        guard case .pubrec = kind, session.durable else {
            return send(
                HeldAnswer(
                    kind: kind, id: id, connection: number, session: session, isWritten: true,
                    received: answering),
                into: &outbox)
        }
        session.dirty.awaits(id, since: Int(wallClockMilliseconds()))
        if store.sessionCommits == .beforePromise {
            session.inbound.hold(id, unlessHeldFor: number)
        }
        promise(kind, id, session, over: number, into: &outbox)
    }

    /// A packet that promises state which has just changed: sent at once, or once the state is committed.
    func promise(
        _ kind: HeldAnswer.Kind, _ id: PacketID, _ session: Session, over number: Int,
        into outbox: inout Outbox
    ) {
        let answer = HeldAnswer(
            kind: kind, id: id, connection: number, session: session, isWritten: true,
            received: answering)
        guard session.durable else { return send(answer, into: &outbox) }
        guard store.sessionCommits == .beforePromise, !session.isEnded else {
            mark(session)
            return send(answer, into: &outbox)
        }
        let receipt = store.commit(changes(of: session, withMetadata: false))
        held[store.sessionLane].push(answer, until: receipt.position)
    }

    private func send(_ answer: HeldAnswer, into outbox: inout Outbox) {
        let id = answer.id
        switch answer.kind {
        case .puback:
            guard connections[answer.connection] != nil else { return }
            counters.acknowledged += 1
            outbox.send(to: answer.connection) { writeAcknowledgement(.puback, id, to: &$0) }
            if let received = answer.received { outbox.answered(.puback, since: received) }
        case .pubrec:
            // Over the connection on which it was asked for last.
            let asked = answer.session.inbound.decided(id) ?? answer.connection
            guard connections[asked] != nil else { return }
            counters.acknowledged += 1
            outbox.send(to: asked) { writeAcknowledgement(.pubrec, id, to: &$0) }
            if let received = answer.received { outbox.answered(.pubrec, since: received) }
        case .pubcomp, .pubrel:
            guard connections[answer.connection] != nil else { return }
            var type = PacketType.pubcomp
            if case .pubrel = answer.kind { type = .pubrel }
            outbox.send(to: answer.connection) { writeAcknowledgement(type, id, to: &$0) }
        case .publish(let dup):
            guard connections[answer.connection] != nil,
                answer.session.connection == answer.connection,
                let delivery = answer.session.inflight.delivery(id)
            else { return }
            let version = answer.session.version
            outbox.send(to: answer.connection) {
                delivery.write(id: id, dup: dup, version: version, to: &$0)
            }
        }
    }

    /// What was accepted is lost: a publisher of version 5 is told so, all others lose their connection and
    /// with it the belief that it will be answered.
    private func refuse(
        _ answer: HeldAnswer, _ refusal: Refusal, at now: MonotonicTime, into outbox: inout Outbox
    ) {
        let reason: Reason = refusal == .noSpace ? .quotaExceeded : .implementationSpecificError
        var number = answer.connection
        if case .pubrec = answer.kind {
            number = answer.session.inbound.refused(answer.id) ?? number
        }
        guard let connection = connections[number] else { return }
        counters.refused += 1
        let reply = Acknowledgement(packetID: answer.id, reasonCode: reason.rawValue)
        switch (answer.kind, connection.version) {
        case (.puback, .v5):
            outbox.send(to: number) { Packet.puback(reply).write(to: &$0, version: .v5) }
        case (.pubrec, .v5):
            outbox.send(to: number) { Packet.pubrec(reply).write(to: &$0, version: .v5) }
        default: drop(number, reason: reason, at: now, into: &outbox)
        }
    }
}
