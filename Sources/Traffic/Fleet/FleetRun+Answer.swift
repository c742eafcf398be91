internal import MQTT
internal import Measure

/// The handshakes of QoS 1 and 2, on both sides.
extension FleetRun {
    /// A PUBLISH reaches the broker.
    /// - Parameter topic: what an alias stands for; empty where the packet has the topic itself.
    mutating func arrive(_ client: Int, _ bytes: [UInt8], topic: [UInt8] = []) {
        guard case .publish(let header) = tell(client, .toBroker, bytes) else {
            preconditionFailure("only PUBLISH arrives here")
        }
        let packet = bytes.span.bytes
        let isNew: Bool
        switch header.qos {
        case .atMostOnce: isNew = true
        case .atLeastOnce:
            isNew = true
            planAnswer(.puback, header.packetID, client)
        case .exactlyOnce:
            isNew = !broker.sessions[client].received.contains(header.packetID)
            if isNew { broker.sessions[client].received.append(header.packetID) }
            planAnswer(.pubrec, header.packetID, client)
        }
        // [MQTT-4.3.3-10]: sent again is not a new message.
        guard isNew else { return }
        if !header.topic.isEmpty {
            route(header, packet, packet.extracting(header.topic), from: client)
        } else {
            route(header, packet, topic.span.bytes, from: client)
        }
    }

    private mutating func planAnswer(_ type: PacketType, _ id: UInt16, _ client: Int) {
        plan(
            .brokerAnswer, at: answerTime(client), client: client,
            scope: clients[client].connection, detail: Answer(type, id).detail)
    }

    private mutating func planClientAnswer(_ type: PacketType, _ id: UInt16, _ client: Int) {
        plan(
            .clientAnswer, at: clientAnswerTime(client), client: client,
            scope: clients[client].connection, detail: Answer(type, id).detail)
    }

    /// The broker sends PUBACK, PUBREC, PUBREL or PUBCOMP.
    mutating func answerByBroker(_ client: Int, _ answer: Answer) {
        tell(client, .toClient, answer)
        if answer.type == .pubrel {
            return planClientAnswer(.pubcomp, answer.packetID, client)
        }
        // Nobody is there who would see it.
        guard clients[client].isUp else { return }
        switch answer.type {
        case .pubrec: planClientAnswer(.pubrel, answer.packetID, client)
        default:
            guard
                let place = clients[client].inflight.firstIndex(where: {
                    $0.packetID == answer.packetID
                        && ($0.qos == .atLeastOnce) == (answer.type == .puback)
                })
            else { return }
            clients[client].inflight.remove(at: place)
            planDrain(client, at: now + roundTrip(client))
        }
    }

    /// What a client answers arrives at the broker, if the client is still there.
    mutating func answerByClient(_ client: Int, _ answer: Answer) {
        guard clients[client].isUp else { return }
        let id = answer.packetID
        switch answer.type {
        case .pubrel:
            guard
                let place = clients[client].inflight.firstIndex(where: {
                    $0.packetID == id && $0.qos == .exactlyOnce && $0.progress == .sent
                })
            else { return }
            clients[client].inflight[place].progress = .released
            tell(client, .toBroker, answer)
            release(client, id)
        case .pubrec:
            guard
                let place = broker.sessions[client].inflight.firstIndex(where: {
                    $0.packetID == id && !$0.isReceived
                })
            else { return }
            tell(client, .toBroker, answer)
            broker.sessions[client].inflight[place].isReceived = true
            planAnswer(.pubrel, id, client)
        default:
            guard
                let place = broker.sessions[client].inflight.firstIndex(where: {
                    $0.packetID == id
                })
            else { return }
            tell(client, .toBroker, answer)
            broker.sessions[client].inflight.remove(at: place)
            planDelivery(client)
        }
    }

    /// PUBREL has reached the broker.
    private mutating func release(_ client: Int, _ id: UInt16) {
        broker.sessions[client].received.removeAll { $0 == id }
        planAnswer(.pubcomp, id, client)
    }

    /// After a new connection: with the session, what was not answered is sent again; without it, it is sent as if
    /// it were new, because the broker knows nothing of it.
    mutating func repeatInflight(_ client: Int, isPresent: Bool) {
        guard !clients[client].inflight.isEmpty else { return }
        guard isPresent else {
            let unanswered = clients[client].inflight
            clients[client].inflight = []
            // What was released has reached the broker.
            let again = unanswered.filter { $0.progress == .sent }
            for message in again {
                tally.kinds[Int(message.group)][Int(message.kind)].sent -= 1
                tally.kinds[Int(message.group)][Int(message.kind)].repeated += 1
            }
            clients[client].waiting.prepend(again)
            return
        }
        for message in clients[client].inflight {
            guard message.progress == .released else {
                sendAgain(message, client)
                continue
            }
            tell(client, .toBroker, Answer(.pubrel, message.packetID))
            release(client, message.packetID)
        }
    }

    private mutating func sendAgain(_ message: OutgoingMessage, _ client: Int) {
        var packet = message.packet
        // DUP [MQTT-3.3.1-1]
        packet[0] |= 0b1000
        if message.qos == .atLeastOnce, !message.isIdentified {
            clients[client].shown.insert(.noEventID)
        }
        tally.kinds[Int(message.group)][Int(message.kind)].repeated += 1
        arrive(client, packet)
        planRetry(client, message.packetID)
    }

    /// Before version 5, a client may repeat on the same connection; version 5 forbids it [MQTT-4.4.0-1].
    mutating func planRetry(_ client: Int, _ id: UInt16) {
        guard let wait = fleet.groups[clients[client].group].session.retry,
            clients[client].version < .v5
        else { return }
        plan(
            .retry, at: now + wait, client: client, scope: clients[client].connection,
            detail: Int32(id))
    }

    mutating func retry(_ client: Int, _ id: UInt16) {
        guard clients[client].isUp,
            let message = clients[client].inflight.first(where: {
                $0.packetID == id && $0.progress == .sent
            })
        else { return }
        sendAgain(message, client)
    }
}
