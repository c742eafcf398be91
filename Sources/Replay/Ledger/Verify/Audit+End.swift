internal import MQTT
internal import Measure

/// What has not come, where it is certain that it will not.
extension Audit {
    func finish() {
        for client in clients { judge(client, isEnd: true) }
        for topic in topics where topic.isJudged {
            for number in topic.due where clients[number].connected != nil && epoch == 0 {
                found.retained.missing += 1
                example("\(clients[number].name): not sent what is retained, on \(topic.text)")
            }
        }
        for message in table.messages {
            if message.isWill {
                if message.isWitnessed { found.wills.witnessed += 1 }
                if message.isWitnessed, !message.isMissed { found.wills.fired += 1 }
            } else if message.qos > .atMostOnce, message.answered == nil {
                found.unanswered += 1
            }
        }
        found.unanswered -= found.refused
    }

    /// Everything that the client is owed and that was taken by the broker has had its time, unless the client is not
    /// there or does not acknowledge what it was sent, so that the broker may send no more.
    func judge(_ client: AuditedClient, isEnd: Bool) {
        let takes = client.connected != nil && !client.held.values.contains { $0.epoch == epoch }
        for lane in client.lanes {
            let topic = topics[lane.topic]
            lane.forEachMissing { ordinal, qos in
                let index = Int(topic.messages[ordinal]), message = table[index]
                guard qos == .atMostOnce || message.answered != nil else { return }
                if takes || isOvertaken(message, in: lane) {
                    miss(index, qos, client, topic)
                    lane.excuse(ordinal)
                } else if isEnd, hasExpired(index, at: now) {
                    found.expired += 1
                } else if isEnd, client.isAlive(at: now) {
                    found.pending += 1
                } else if isEnd {
                    found.endedWithSession += 1
                }
            }
        }
    }

    /// Its session ends. What was published later on the same terms and came tells that the broker had left out what
    /// is missing; the rest may have been on its way.
    func judgeOvertaken(_ client: AuditedClient) {
        for lane in client.lanes {
            let topic = topics[lane.topic]
            lane.forEachMissing { ordinal, qos in
                let index = Int(topic.messages[ordinal]), message = table[index]
                guard qos == .atMostOnce || message.answered != nil else { return }
                if isOvertaken(message, in: lane) {
                    miss(index, qos, client, topic)
                } else if qos > .atMostOnce {
                    found.endedWithSession += 1
                }
            }
        }
    }

    private func isOvertaken(_ message: Message, in lane: Lane) -> Bool {
        lane.isOvertaken(
            Int(message.ordinal), Lane.Sequence(publisher: message.publisher, qos: message.qos))
    }

    /// A message did not come to a client that it is owed to, and will not.
    private func miss(
        _ index: Int, _ qos: QoS, _ client: AuditedClient, _ topic: AuditedTopic
    ) {
        let message = table[index]
        if qos == .atMostOnce {
            if !message.isWill { found.missingQoS0 += 1 }
        } else if hasExpired(index, at: now) {
            found.expired += 1
        } else if message.isWill {
            // One that a full queue or a kill may have cost proves nothing: nobody was told that the broker had seen the
            // connection end.
            guard client.overflow == 0, message.epoch == epoch else {
                table[index].isWitnessed = false
                return
            }
            table[index].isMissed = true
            example("\(client.name): a will is missing, on \(topic.text)")
        } else if epoch > message.epoch, !promise.survivesKill {
            found.lostAcknowledged += 1
            found.lostToKill += 1
            if let killed, let answered = message.answered {
                found.longestLoss = max(found.longestLoss ?? .zero, killed - answered)
            }
        } else if message.isShadowed {
            found.lostAcknowledged += 1
            found.lostToIdentifier += 1
        } else {
            found.lostAcknowledged += 1
            missing[client.number, default: 0] += 1
            example("\(client.name): lost at QoS \(qos.rawValue), on \(topic.text)")
        }
    }
}
