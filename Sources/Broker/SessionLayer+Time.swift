internal import MQTT
internal import Measure

/// What happens because time passes: silence, expiry, collection.
extension SessionLayer {
    /// Begins to watch a connection for silence.
    /// - Parameter keepAlive: seconds; 0 lets it be silent for ever.
    func watch(_ connection: Connection, keepAlive: UInt16, at now: MonotonicTime) {
        connection.lastHeard = now
        guard keepAlive > 0 else { return }
        let patience = Nanoseconds.seconds(Double(keepAlive) * limits.keepAliveMultiplier)
        connection.patience = patience
        listening.add(connection.number, due: now + patience, at: now)
    }

    /// [MQTT-3.1.2-22]: who is silent for too long is gone. A connection is looked at once in its time, however much
    /// it says.
    func dropSilent(at now: MonotonicTime, into outbox: inout Outbox) {
        for number in listening.take(at: now) {
            guard let connection = connections[number], let patience = connection.patience else {
                continue
            }
            if connection.isHeldBack { connection.lastHeard = now }
            let due = connection.lastHeard + patience
            if due <= now {
                counters.silent += 1
                drop(number, reason: .keepAliveTimeout, at: now, into: &outbox)
            } else {
                listening.add(number, due: due, at: now)
            }
        }
    }

    /// A session whose connection has ended waits for its end.
    func wait(for session: Session, seconds: Double, at now: MonotonicTime) {
        let ends = now + .seconds(seconds)
        session.ends = ends
        leaving.add(session, due: ends, at: now)
    }

    func removeExpired(at now: MonotonicTime, into outbox: inout Outbox) {
        for session in leaving.take(at: now) {
            // Who has come back, or has ended, no longer waits; and it may wait twice.
            guard let ends = session.ends, sessions[session.number] === session else { continue }
            guard ends <= now else {
                leaving.add(session, due: ends, at: now)
                continue
            }
            counters.expiredSessions += 1
            remove(session, at: now, into: &outbox)
        }
    }

    /// What the wheel cannot know: time that passed while the machine was asleep, when the monotonic clock stood
    /// still, and QoS 2 identifiers whose PUBREL never came.
    func collect(at now: MonotonicTime, into outbox: inout Outbox) {
        if now >= nextAging {
            // In four steps, so that an identifier lives for its time and at most a quarter longer.
            nextAging = now + .seconds(limits.awaitReleaseTimeout.seconds / Double(Inbound.ages))
            for session in sessions.all {
                for id in session.inbound.age() where session.durable {
                    if session.inbound.free(id) {
                        forget([id], of: session.clientID)
                    } else {
                        session.dirty.released(id)
                        mark(session)
                    }
                }
            }
        }
        guard now >= nextCollection else { return }
        let isFirst = nextCollection.nanoseconds == 0
        nextCollection = now + limits.sessionCollection
        guard !isFirst else { return }
        let wall = Int(wallClock())
        for session in sessions.all where session.hasExpired(atWall: wall) {
            counters.expiredSessions += 1
            remove(session, at: now, into: &outbox)
        }
    }
}
