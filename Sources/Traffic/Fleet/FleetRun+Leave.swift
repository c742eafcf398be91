internal import MQTT
internal import Measure

/// How clients leave, and how the broker cuts them off.
extension FleetRun {
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
}
