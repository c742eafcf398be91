internal import Layout
internal import MQTT
package import Measure
internal import Storage

/// When a promise may be sent: at once, or once storage has decided what it promises (README, "What an
/// acknowledgement promises").
extension SessionLayer {
    /// PUBACK or PUBREC of a message that was routed, or of one that was not accepted; nothing at QoS 0.
    /// - Parameter isDenied: it was not accepted.
    func promise(
        _ header: PublishHeader, _ routed: Routed, isDenied: Bool = false, _ session: Session,
        _ connection: Connection, _ number: Int, into outbox: inout Outbox
    ) {
        guard let id = PacketID(header.packetID), let publisher = connection.publisher else {
            return
        }
        var kind: HeldAnswer.Kind = header.qos == .exactlyOnce ? .pubrec : .puback
        if isDenied { kind = .denial(header.qos == .exactlyOnce ? .pubrec : .puback) }
        // Behind another answer also what was not stored has to wait [MQTT-4.6.0-2].
        guard store.acknowledgement == .onCommit, routed.isStored || connection.held > 0 else {
            return accepted(kind, id, session, over: number, reason: routed.reason, into: &outbox)
        }
        if case .pubrec = kind { session.inbound.hold(id, for: number) }
        connection.held += 1
        let position = routed.receipt?.position ?? held[publisher.shard].lastPosition
        held[publisher.shard].push(
            HeldAnswer(
                kind: kind, id: id, connection: number, session: session,
                isWritten: routed.receipt != nil, received: answering,
                retained: routed.retained?.position ?? 0,
                reason: routed.reason), until: position)
    }

    /// Gives the answers that wait for nothing but what storage has decided since. Part of `poll`, for whoever knows
    /// that something was decided just now.
    package func takeSettled(at now: MonotonicTime, into outbox: inout Outbox) {
        for settlement in store.takeSettled() { settle(settlement, at: now, into: &outbox) }
    }

    private func settle(_ settlement: Settlement, at now: MonotonicTime, into outbox: inout Outbox)
    {
        guard settlement.lane == store.retainedLane else {
            decisions.note(settlement)
            return release(settlement.lane, at: now, into: &outbox)
        }
        decisions.noteRetained(settlement)
        for lane in 0..<store.shards { release(lane, at: now, into: &outbox) }
        if heldAnswers == 0 { decisions.forgetRefusals() }
    }

    /// Gives the answers of a lane that wait for nothing any more, in their order.
    private func release(_ lane: Int, at now: MonotonicTime, into outbox: inout Outbox) {
        while let settlement = decisions.lanes[lane].first {
            commit = settlement.commit
            while let answer = held[lane].pop(
                through: settlement.through, retained: decisions.retained)
            {
                decided(answer, settlement.refusal, in: lane, at: now, into: &outbox)
            }
            commit = nil
            if let first = held[lane].firstPosition, first <= settlement.through { return }
            decisions.lanes[lane].removeFirst()
        }
        while let answer = held[lane].pop(
            through: decisions.through[lane], retained: decisions.retained)
        {
            decided(answer, nil, in: lane, at: now, into: &outbox)
        }
    }

    private func decided(
        _ answer: HeldAnswer, _ refusal: Refusal?, in lane: Int, at now: MonotonicTime,
        into outbox: inout Outbox
    ) {
        answering = answer.received
        if lane != store.sessionLane { connections[answer.connection]?.held -= 1 }
        if let refusal, answer.isWritten {
            refuse(answer, refusal, at: now, into: &outbox)
        } else if answer.retained > 0, let refusal = decisions.refusal(of: answer.retained) {
            refuse(answer, refusal, at: now, into: &outbox)
        } else if lane == store.sessionLane {
            send(answer, into: &outbox)
        } else {
            accepted(
                answer.kind, answer.id, answer.session, over: answer.connection,
                reason: answer.reason, into: &outbox)
        }
    }

    /// The message is as safe as the mode says. What PUBREC promises besides, that the message will be known
    /// if it comes again, was committed with it, or is committed after it: a kill between the two stores it twice,
    /// never not at all.
    private func accepted(
        _ kind: HeldAnswer.Kind, _ id: PacketID, _ session: Session, over number: Int,
        reason: Reason, into outbox: inout Outbox
    ) {
        guard case .pubrec = kind, session.durable, !session.inbound.isStored(id) else {
            return send(
                HeldAnswer(
                    kind: kind, id: id, connection: number, session: session, isWritten: true,
                    received: answering, reason: reason), into: &outbox)
        }
        session.dirty.awaits(id, since: Int(wallClock()))
        if store.sessionCommits == .beforePromise {
            session.inbound.hold(id, unlessHeldFor: number)
        }
        promise(kind, id, session, over: number, reason: reason, into: &outbox)
    }

    /// A packet that promises state which has just changed: sent at once, or once the state is committed.
    func promise(
        _ kind: HeldAnswer.Kind, _ id: PacketID, _ session: Session, over number: Int,
        reason: Reason = .success, into outbox: inout Outbox
    ) {
        let answer = HeldAnswer(
            kind: kind, id: id, connection: number, session: session, isWritten: true,
            received: answering, reason: reason)
        guard session.durable else { return send(answer, into: &outbox) }
        guard store.sessionCommits == .beforePromise, !session.isEnded else {
            mark(session)
            return send(answer, into: &outbox)
        }
        let receipt = store.commit(changes(of: session, withMetadata: false))
        held[store.sessionLane].push(answer, until: receipt.position)
    }

    /// PUBREL has come for a message that storage knows by its identifier: PUBCOMP waits until it no longer does, or
    /// the next message under that identifier might be taken for this one after a kill.
    func free(_ id: PacketID, _ connection: Connection, _ session: Session) {
        guard let publisher = connection.publisher else { return }
        let receipt = store.free(id, of: publisher)
        connection.held += 1
        held[publisher.shard].push(
            HeldAnswer(
                kind: .freed, id: id, connection: connection.number, session: session,
                isWritten: true), until: receipt.position)
    }

    /// Identifiers whose PUBREL does not come any more; nobody waits to be told.
    func forget(_ ids: [PacketID], of client: String) {
        guard !ids.isEmpty else { return }
        let publisher = publisher(named: client, from: .unspecified, username: nil, version: .v5)
        for id in ids { store.free(id, of: publisher) }
    }

    private func send(_ answer: HeldAnswer, into outbox: inout Outbox) {
        let id = answer.id
        switch answer.kind {
        case .puback:
            guard let connection = connections[answer.connection] else { return }
            counters.acknowledged += 1
            acknowledge(.puback, id, answer.reason, connection, into: &outbox)
            if let received = answer.received { outbox.answered(.puback, since: received, commit) }
        case .denial(let type):
            guard let connection = connections[answer.connection] else { return }
            acknowledge(type, id, answer.reason, connection, into: &outbox)
        case .pubrec:
            // Over the connection on which it was asked for last.
            let asked = answer.session.inbound.decided(id) ?? answer.connection
            guard let connection = connections[asked] else { return }
            counters.acknowledged += 1
            acknowledge(.pubrec, id, answer.reason, connection, into: &outbox)
            if let received = answer.received { outbox.answered(.pubrec, since: received, commit) }
        case .pubcomp, .freed, .pubrel:
            guard connections[answer.connection] != nil else { return }
            var type = PacketType.pubcomp
            if case .pubrel = answer.kind { type = .pubrel }
            outbox.send(to: answer.connection) { writeAcknowledgement(type, id, to: &$0) }
        case .publish(let dup):
            guard connections[answer.connection] != nil,
                answer.session.connection == answer.connection,
                let delivery = answer.session.inflight.delivery(id)
            else { return }
            transmit(delivery, id, dup: dup, over: answer.connection, into: &outbox)
        }
    }

    /// PUBACK or PUBREC; only version 5 has reasons.
    private func acknowledge(
        _ type: PacketType, _ id: PacketID, _ reason: Reason, _ connection: Connection,
        into outbox: inout Outbox
    ) {
        guard reason != .success, connection.version == .v5 else {
            return outbox.send(to: connection.number) { writeAcknowledgement(type, id, to: &$0) }
        }
        let reply = Acknowledgement(packetID: id, reasonCode: reason.rawValue)
        let packet: Packet = type == .pubrec ? .pubrec(reply) : .puback(reply)
        outbox.send(to: connection.number) { packet.write(to: &$0, version: .v5) }
    }

    /// What was accepted is lost: a publisher of version 5 is told so, all others lose their connection and
    /// with it the belief that it will be answered.
    private func refuse(
        _ answer: HeldAnswer, _ refusal: Refusal, at now: MonotonicTime, into outbox: inout Outbox
    ) {
        let reason: Reason = refusal == .noSpace ? .quotaExceeded : .implementationSpecificError
        var number = answer.connection
        switch answer.kind {
        case .pubrec: number = answer.session.inbound.refused(answer.id) ?? number
        case .freed:
            // Storage knows it still; the client will ask again.
            answer.session.inbound.restore(answer.id)
            answer.session.inbound.store(answer.id)
        default: break
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
