internal import MQTT
internal import Measure

/// How connections and sessions end, and what keeps them alive.
extension FleetRun {
    // MARK: Keep alive

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

    /// Reason codes of DISCONNECT, MQTT 5.0 table 3-13.
    private static var keepAliveTimeout: UInt8 { 0x8D }
    private static var sessionTakenOver: UInt8 { 0x8E }

    // MARK: Leaving

    mutating func beginOutage(_ client: Int) {
        let group = fleet.groups[clients[client].group]
        guard let outages = group.outages else { return }
        let lasting = max(1, outages.lasting.time(&clients[client].random))
        switch outages.schedule {
        case .every(let period, _): plan(.leave, at: now + period, client: client)
        case .poisson(let mean):
            let gap = clients[client].random.exponential(mean: mean)
            plan(.leave, at: now + lasting + Int64(min(gap, 1e18)), client: client)
        }
        guard clients[client].isUp else { return }
        leave(client, departure(client, group), for: lasting)
    }

    /// The link breaks with a message; whether the client says so is not a question.
    mutating func lose(_ client: Int) {
        let group = fleet.groups[clients[client].group]
        let departure = departure(client, group)
        let recovery = max(1, group.link.recovery.time(&clients[client].random))
        leave(client, departure == .disconnect ? .silent : departure, for: recovery)
    }

    private mutating func departure(_ client: Int, _ group: ClientGroup) -> Departure {
        let shares = group.link.departures
        return shares[clients[client].random.place(in: shares.map(\.weight))].departure
    }

    /// - Parameter time: until it dials again, in nanoseconds.
    private mutating func leave(_ client: Int, _ departure: Departure, for time: Int64) {
        switch departure {
        case .disconnect:
            tell(client, .toBroker, .disconnect(Disconnect()))
            close(client, .disconnect)
        case .fin: close(client, .fin)
        case .reset: close(client, .reset)
        case .silent:
            clients[client].isUp = false
            let keepAlive = Int64(fleet.groups[clients[client].group].session.keepAlive)
            if keepAlive > 0 {
                plan(
                    .silence,
                    at: clients[client].lastSent + keepAlive * FleetTime.second * 3 / 2,
                    client: client, scope: clients[client].connection)
            }
        }
        clients[client].isDialing = true
        plan(.connect, at: now + time, client: client)
    }

    mutating func storm(_ number: Int) {
        let storm = fleet.storms[number]
        let groups = storm.groups.isEmpty ? Array(members.indices) : storm.groups
        for client in groups.flatMap({ members[$0] }) {
            guard clients[client].random.unit() < storm.share else { continue }
            clients[client].notBefore = max(clients[client].notBefore, now + storm.down)
            guard clients[client].connection >= 0 else { continue }
            close(client, storm.departure == .reset ? .reset : .fin)
            if !clients[client].isDialing { dial(client) }
        }
    }

    // MARK: Ends

    /// The same client has sent a CONNECT on another connection [MQTT-3.1.4-3].
    mutating func takeOver(_ client: Int) {
        tally.takeovers += 1
        if clients[client].version == .v5, clients[client].isAccepted {
            tell(client, .toClient, .disconnect(Disconnect(reasonCode: Self.sessionTakenOver)))
        }
        close(client, .fin)
    }

    private mutating func close(_ client: Int, _ ending: Ending) {
        observer.closed(
            Int(clients[client].connection), version: clients[client].version, ending, at: now)
        clients[client].connection = -1
        clients[client].isAccepted = false
        clients[client].isUp = false
        clients[client].isDraining = false
        broker.sessions[client].isDelivering = false
        // [MQTT-3.14.4-3]
        if ending == .disconnect { broker.sessions[client].will = nil }
        let session = broker.sessions[client]
        guard session.isDurable else { return endSession(client) }
        if session.will != nil {
            if session.willDelay > 0 {
                plan(
                    .will, at: now + session.willDelay, client: client, scope: session.generation)
            } else {
                publishWill(of: client)
            }
        }
        guard session.expiry != .max else { return }
        plan(
            .sessionEnd, at: now + Int64(session.expiry) * FleetTime.second, client: client,
            scope: session.generation)
    }

    mutating func publishWill(of client: Int) {
        guard let will = broker.sessions[client].will else { return }
        broker.sessions[client].will = nil
        tally.wills += 1
        var expiry: UInt32?
        for case .messageExpiryInterval(let seconds) in will.properties { expiry = seconds }
        let kept = will.properties.filter {
            if case .willDelayInterval = $0 { false } else { true }
        }
        route(
            FleetMessage(
                topic: Array(will.topic.utf8), payload: will.payload,
                properties: kept.isEmpty ? [] : MessageProperties.encoded(kept), qos: will.qos,
                retain: will.retain, expiry: expiry, at: now, publisher: Int32(client)))
    }

    /// A will that waits does so no longer than its session.
    mutating func endSession(_ client: Int) {
        publishWill(of: client)
        broker.endSession(client)
    }
}
