internal import MQTT

/// Clients that are silent, alive or not.
extension FleetRun {
    mutating func ping(_ client: Int) {
        let keepAlive = Int64(fleet.groups[clients[client].group].session.keepAlive)
        let due = clients[client].lastSent + keepAlive * FleetTime.second
        let connection = clients[client].connection
        guard clients[client].isUp else {
            // Once the link is dead there are no more; before it is up, they are due later.
            guard !clients[client].isDialing else { return }
            return plan(
                .ping, at: now + keepAlive * FleetTime.second, client: client, scope: connection)
        }
        guard due <= now else {
            return plan(.ping, at: due, client: client, scope: connection)
        }
        tell(client, .toBroker, .pingreq)
        plan(.pong, at: answerTime(client), client: client, scope: connection)
        plan(.ping, at: now + keepAlive * FleetTime.second, client: client, scope: connection)
    }

    /// The broker has heard nothing for one and a half keep alives [MQTT-3.1.2-22].
    mutating func giveUp(_ client: Int) {
        guard !clients[client].isUp else { return }
        if clients[client].version == .v5 {
            tell(client, .toClient, .disconnect(Disconnect(reasonCode: Self.keepAliveTimeout)))
        }
        close(client, .fin)
    }
}
