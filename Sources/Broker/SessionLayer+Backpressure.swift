internal import MQTT
package import Measure

/// What the transport tells the session layer of its connections, and asks.
extension SessionLayer {
    /// Whether its CONNECT was accepted.
    package func isConnected(_ number: Int) -> Bool { connections[number]?.session != nil }

    /// Its client does not read: deliveries wait in their windows and queues, and in storage; those at QoS 0 that
    /// nothing keeps are dropped and counted.
    package func pause(_ number: Int) { connections[number]?.session?.pausedOver = number }

    /// Its client reads again.
    package func resume(_ number: Int, into outbox: inout Outbox) {
        guard let session = connections[number]?.session, session.pausedOver == number else {
            return
        }
        session.pausedOver = nil
        fill(session, into: &outbox)
        if session.isHeld, session.waiting < limits.readAhead { ask(for: session) }
    }

    /// No message of it is taken for now: what it says waits in its socket, and nobody can say that it is silent.
    package func holdBack(_ number: Int) { connections[number]?.isHeldBack = true }

    package func letGo(_ number: Int, at now: MonotonicTime) {
        connections[number]?.isHeldBack = false
        connections[number]?.lastHeard = now
    }

    /// The broker is going: a client of version 5 is told so, and its connection ends.
    package func leave(_ number: Int, at now: MonotonicTime, into outbox: inout Outbox) {
        drop(number, reason: .serverShuttingDown, at: now, into: &outbox)
    }

    /// Hands over what the tables of sessions do not know yet.
    package func commitAllState() {
        for session in marked {
            session.isMarked = false
            if !session.isEnded, !session.dirty.isEmpty { commitState(of: session) }
        }
        marked.removeAll()
    }
}
