internal import MQTT
internal import Traffic

/// Durable sessions on or off, whatever clients asked for.
struct SessionDurability: PacketRule {
    enum Wish: Equatable {
        /// Who subscribes keeps its session for so many seconds.
        case on(expiry: UInt32)
        /// Each session ends with its connection.
        case off
    }

    private let wish: Wish
    /// Clients that subscribe: the sessions of others hold nothing.
    private let subscribers: Set<String>
    private(set) var changed = 0

    init(_ wish: Wish, subscribers: Set<String>) {
        (self.wish, self.subscribers) = (wish, subscribers)
    }

    mutating func connect(_ connect: Connect, of client: RuleSubject) -> Connect? {
        var copy = connect
        switch wish {
        case .on(let expiry):
            // Without an identifier nobody can come back to a session.
            guard subscribers.contains(client.clientID), !client.clientID.isEmpty else {
                return nil
            }
            copy.cleanStart = false
            if connect.version == .v5, !connect.isDurable {
                copy.properties.setSessionExpiry(expiry)
            }
        case .off:
            copy.cleanStart = true
            copy.properties.removeAll { $0.id == .sessionExpiryInterval }
        }
        guard copy != connect else { return nil }
        changed += 1
        return copy
    }

    mutating func disconnect(_ disconnect: Disconnect, of client: RuleSubject) -> Disconnect? {
        guard client.version == .v5,
            disconnect.properties.contains(where: { $0.id == .sessionExpiryInterval })
        else { return nil }
        var changed = disconnect
        changed.properties.removeAll { $0.id == .sessionExpiryInterval }
        return changed
    }
}
