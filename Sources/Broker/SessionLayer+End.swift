internal import MQTT
internal import Measure
internal import Storage

/// The end of connections and sessions.
extension SessionLayer {
    /// What DISCONNECT says of the session's expiry [MQTT-3.14.2-2].
    /// - Returns: whether it may say so.
    func changeExpiry(_ disconnect: Disconnect, of connection: Connection) -> Bool {
        let seconds = disconnect.properties.lazy.compactMap {
            if case .sessionExpiryInterval(let seconds) = $0 { seconds } else { nil }
        }.first
        guard let seconds, let session = connection.session else { return true }
        return session.change(expiryInterval: min(seconds, limits.largestExpiry))
    }

    /// The session and everything it subscribed to are forgotten. A will that waits is due
    /// [MQTT-3.1.3-9].
    func remove(_ session: Session, at now: MonotonicTime, into outbox: inout Outbox) {
        endShares(of: session, into: &outbox)
        for (_, subscription) in session.subscriptions {
            withdraw(subscription, of: session, into: &outbox)
        }
        commitEnd(of: session)
        forget(session.inbound.freeAll(), of: session.clientID)
        sessions.remove(session)
        if let will = delayedWills.removeValue(forKey: session.clientID) {
            publish(will.will, from: will.publisher, at: now, into: &outbox)
        }
    }

    /// What follows the end of a connection: its will, and the wait for its session's expiry.
    func end(
        _ connection: Connection, _ number: Int, at now: MonotonicTime, into outbox: inout Outbox
    ) {
        guard let session = connection.session else { return }
        sessions.disconnect(session)
        session.left = Int(wallClock())
        leaveWill(of: connection, session, at: now, into: &outbox)
        if session.expiryInterval == 0 {
            remove(session, at: now, into: &outbox)
        } else {
            surrender(session, into: &outbox)
            commitState(of: session)
            session.reading?.rest(epoch: newEpoch())
            session.rest()
        }
        if session.expiryInterval > 0, session.expiryInterval != .max {
            wait(for: session, seconds: Double(session.expiryInterval), at: now)
        }
    }
}
