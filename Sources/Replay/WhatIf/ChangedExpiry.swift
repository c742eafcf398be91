internal import MQTT
internal import Traffic

/// Sessions or messages that expire after another time than recorded. Before version 5 nothing says when.
struct ChangedExpiry: PacketRule {
    /// Seconds that a session outlives its connection; nil as recorded. Sessions that end with it stay so.
    var session: UInt32?
    /// Seconds that a message is good for, 0 for ever; nil as recorded.
    var message: UInt32?
    private(set) var changedSessions = 0
    private(set) var changedMessages = 0

    init(session: UInt32? = nil, message: UInt32? = nil) {
        (self.session, self.message) = (session, message)
    }

    mutating func connect(_ connect: Connect, of client: RuleSubject) -> Connect? {
        guard connect.version == .v5 else { return nil }
        var changed = connect
        if let session, connect.sessionExpiry > 0 {
            changed.properties.setSessionExpiry(session)
            changedSessions += 1
        }
        if let message, connect.will != nil {
            changed.will?.properties.removeAll { $0.id == .messageExpiryInterval }
            if message > 0 { changed.will?.properties.append(.messageExpiryInterval(message)) }
        }
        return changed
    }

    mutating func publish(
        _ header: PublishHeader, _ packet: RawSpan, topic: RawSpan, of client: RuleSubject
    ) -> PublishEdit? {
        guard let message, client.version == .v5, header.messageExpiry ?? 0 != message else {
            return PublishEdit()
        }
        changedMessages += 1
        return PublishEdit(messageExpiry: message)
    }

    mutating func disconnect(_ disconnect: Disconnect, of client: RuleSubject) -> Disconnect? {
        guard let session,
            disconnect.properties.contains(where: { $0.id == .sessionExpiryInterval })
        else { return nil }
        var changed = disconnect
        changed.properties.setSessionExpiry(session)
        return changed
    }
}

extension [Property] {
    mutating func setSessionExpiry(_ seconds: UInt32) {
        removeAll { $0.id == .sessionExpiryInterval }
        append(.sessionExpiryInterval(seconds))
    }
}
