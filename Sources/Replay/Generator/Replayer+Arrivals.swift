internal import MQTT
internal import Measure

/// What arrives, and what clients do later because of it.
extension Replayer {
    /// - Returns: whether anything did.
    func receive(at now: MonotonicTime) -> Bool {
        var hasArrived = false
        transport.receive(at: now) { connection, packet, arrived in
            hasArrived = true
            guard let index = owners[connection] else { return }
            guard packet.byteCount > 0 else { return ended(connection, of: index, at: arrived) }
            lastHeard = max(lastHeard, arrived)
            // What still comes over a connection that was given up is nobody's.
            guard connection == clients[index].link.connection else { return }
            react(
                to: clients[index].received(packet, &copies), of: index, on: connection, at: arrived
            )
        }
        return hasArrived
    }

    private func ended(_ connection: Int, of index: Int, at now: MonotonicTime) {
        owners[connection] = nil
        if clients[index].former == connection { clients[index].former = nil }
        if clients[index].link.connection == connection { lose(index, at: now) }
    }

    private func react(
        to arrival: Arrival, of index: Int, on connection: Int, at arrived: MonotonicTime
    ) {
        switch arrival {
        case .nothing, .dismissed: break
        case .accepted(let connack): begin(index, on: connection, connack, at: arrived)
        case .turnedAway:
            recorder.turnedAway += 1
            clients[index].isLeaving = true
        case .acknowledged(let qos, let intended, let sent, let answer):
            unanswered -= 1
            if schedule.isMeasured(intended) {
                recorder.noteAcknowledged(
                    qos, intended: intended, sent: sent, at: arrived, by: transport.commit,
                    inside: transport.isInside)
            }
            if let answer {
                reply(answer, of: index, on: connection, at: arrived)
            } else {
                noteRoom(for: index)
            }
        case .completed(let intended):
            if schedule.isMeasured(intended) {
                recorder.interval.pubcomp.record(arrived - intended)
            }
            noteRoom(for: index)
        case .refused:
            unanswered -= 1
            recorder.refused += 1
            noteRoom(for: index)
        case .granted(let intended):
            if schedule.isMeasured(intended) {
                recorder.interval.suback.record(arrived - intended)
            }
            noteRoom(for: index)
        case .delivered(let qos, let isNew, let answer):
            if !isNew {
                recorder.redelivered += 1
            } else if schedule.isMeasured(arrived) {
                recorder.delivered.add(qos)
            }
            if let answer { acknowledge(answer, of: index, on: connection, at: arrived) }
        case .reply(let answer): reply(answer, of: index, on: connection, at: arrived)
        case .unexpected: recorder.unexpected += 1
        case .malformed:
            recorder.malformed += 1
            clients[index].isAppalled = true
            ready.append(index)
        }
    }

    private func noteRoom(for index: Int) {
        if !clients[index].waiting.isEmpty { ready.append(index) }
    }

    /// CONNACK has come: the client goes on where its session is.
    private func begin(
        _ index: Int, on connection: Int, _ connack: Connack, at arrived: MonotonicTime
    ) {
        clients[index].accepted(connack)
        let intended = clients[index].connectIntended
        if schedule.isMeasured(intended) {
            recorder.interval.connack.record(arrived - intended)
        }
        let isThere = clients[index].findsSession(connack)
        if !isThere { abandonSession(of: index) }
        if clients[index].isReturning, !isThere || clients[index].owesRequests {
            repeatRequests(of: index, on: connection, at: arrived)
        }
        if isThere { resend(index, on: connection, at: arrived) }
        if clients[index].keepAlive > .zero {
            plan(
                .ping(connection: connection), of: index, at: arrived + clients[index].keepAlive)
        }
        ready.append(index)
    }

    /// Answers a delivery as late as its subscriber did in the recording, and never before an earlier one.
    private func acknowledge(
        _ answer: Answer, of index: Int, on connection: Int, at arrived: MonotonicTime
    ) {
        // It never did: its deliveries stay without answer here too.
        guard let recorded = clients[index].nextAnswerDelay() else { return }
        let delay = schedule.isPaced ? recorded / schedule.speed : .zero
        let due = max(arrived + delay, clients[index].lastAnswerDue)
        guard due > arrived else {
            return reply(answer, of: index, on: connection, at: arrived)
        }
        clients[index].lastAnswerDue = due
        unacknowledgedDeliveries += 1
        plan(.answer(answer, connection: connection), of: index, at: due)
    }

    func fire(_ timer: ClientTimer, at now: MonotonicTime) {
        let index = timer.client
        switch timer.kind {
        case .answer(let answer, let connection):
            unacknowledgedDeliveries -= 1
            guard clients[index].link == .up(connection) else { return }
            reply(answer, of: index, on: connection, at: now)
        case .ping(let connection):
            guard clients[index].link == .up(connection), !clients[index].isLeaving else { return }
            let keepAlive = clients[index].keepAlive
            if clients[index].lastSent + keepAlive <= now {
                recorder.ownPings += 1
                load(Self.ping)
                transmit(of: index, on: connection, intended: now, at: now)
            }
            plan(timer.kind, of: index, at: clients[index].lastSent + keepAlive)
        case .greeting(let connection):
            guard clients[index].link == .greeting(connection) else { return }
            recorder.silent += 1
            drop(connection, at: now)
            lose(index, at: now)
        case .reconnect: comeBack(index, at: now)
        case .patience: losePatience(of: index, at: now)
        }
    }

    private static let ping: [UInt8] = [0xC0, 0x00]
}
