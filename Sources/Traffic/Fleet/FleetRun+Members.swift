internal import MQTT
internal import Measure

/// Who is there when it begins.
extension FleetRun {
    /// Who the members of a group are: drawn from a branch of their own, so that one client more changes no other.
    mutating func addMembers(of place: Int, _ seed: Seed) {
        let group = fleet.groups[place]
        let name = Array(group.name.utf8)
        let first = clients.count
        for index in 0..<group.count {
            let root = seed.branch("\(group.name)/\(index)")
            var random = root.branch("terms")
            let variables = group.variables.map { variable in
                switch variable.assignment {
                case .turn: variable.values[index % variable.values.count]
                case .random: variable.values[random.below(variable.values.count)]
                }
            }
            let version = group.session.versions[
                random.place(in: group.session.versions.map(\.weight))
            ].version
            var pitfalls: Pitfalls = []
            for share in group.pitfalls where random.unit() < share.share {
                let needsVersion5 =
                    Pitfalls.catalogue.first { $0.pitfall == share.pitfall }?.needsVersion5 ?? false
                if version == .v5 || !needsVersion5 { pitfalls.insert(share.pitfall) }
            }
            // A will that is not there is not unretained.
            if pitfalls.contains(.noWill) { pitfalls.remove(.willNotRetained) }
            var id: [UInt8] = []
            group.clientID.write(
                Subject(device: [], group: name, index: index, variables: variables), .none,
                to: &id)
            let subject = Subject(device: id, group: name, index: index, variables: variables)
            let firstStream = streams.count
            addStreams(of: group, subject, client: clients.count, root.branch("messages"))
            clients.append(
                FleetClient(
                    group: place, subject: subject, version: version, pitfalls: pitfalls,
                    streams: firstStream..<streams.count, random: root.branch("link")))
        }
        members.append(first..<clients.count)
    }

    private mutating func addStreams(
        of group: ClientGroup, _ subject: Subject, client: Int, _ seed: Seed
    ) {
        let first = streams.count
        for (kind, message) in group.messages.enumerated() {
            let branch = seed.branch(message.name)
            for (place, variables) in message.combinations.enumerated() {
                var random = branch.branch("\(place)")
                var about = subject
                about.messageVariables = variables
                var topic: [UInt8] = []
                if message.target == nil { message.topic.write(about, .none, to: &topic) }
                let values = message.payload.start(&random)
                streams.append(
                    FleetStream(
                        client: Int32(client), kind: Int32(kind), topic: topic,
                        variables: variables,
                        alias: UInt16(exactly: streams.count - first + 1) ?? 0, random: random,
                        values: values))
            }
        }
    }

    /// The first CONNECT and the first outage.
    mutating func begin(_ client: Int) {
        let group = fleet.groups[clients[client].group]
        let wait = Double(group.link.joinWithin) * clients[client].random.unit()
        plan(.connect, at: fleet.start + Int64(wait), client: client)
        switch group.outages?.schedule {
        case .every(_, let first)?: plan(.leave, at: fleet.start + first, client: client)
        case .poisson(let mean)?:
            let wait = clients[client].random.exponential(mean: mean)
            plan(.leave, at: fleet.start + Int64(min(wait, 1e18)), client: client)
        case nil: break
        }
    }
}
