internal import MQTT
internal import Measure

/// Makes the traffic of a fleet: event by event in order of time, as a capture at the broker's interface would show
/// it. Packets of clients have the time of their arrival, those of the broker the time at which they are sent.
///
/// Memory is that of the clients, what the broker has queued and retained, and the next event of each stream; it
/// does not grow with the time that is played.
struct FleetRun<Observer: TrafficObserver> {
    let fleet: Fleet
    /// Nanoseconds since the epoch; nothing happens at or after it.
    let end: Int64
    var observer: Observer
    var events = EventQueue()
    var clients: [FleetClient] = []
    var streams: [FleetStream] = []
    /// The clients of each group.
    var members: [Range<Int>] = []
    var broker: FleetBroker
    var tally: FleetTally
    private(set) var now: Int64
    /// Of the broker.
    var random: Seed
    /// The properties of every kind of message, by group.
    let properties: [[MessageProperties]]
    /// Bytes of the packet that is being made, kept for the next.
    var packet: [UInt8] = []
    var payload: [UInt8] = []
    var recipients: [(Int, Int)] = []

    /// Events between two looks at whether to go on.
    private static var stride: Int { 4_096 }

    init(_ fleet: Fleet, seed: Seed, into observer: Observer) {
        self.fleet = fleet
        self.observer = observer
        now = fleet.start
        end = fleet.start + fleet.duration
        broker = FleetBroker(fleet.broker, clients: fleet.clientCount)
        tally = FleetTally(fleet.groups)
        random = seed.branch("broker")
        properties = fleet.groups.map { $0.messages.map { MessageProperties($0) } }
        for group in fleet.groups.indices { addMembers(of: group, seed) }
        for client in clients.indices { begin(client) }
        for stream in streams.indices { planFirst(stream) }
        for (number, storm) in fleet.storms.enumerated() {
            plan(.storm, at: fleet.start + storm.at, client: number)
        }
    }

    /// - Parameter watch: asked now and then, with the moment that is reached, whether to go on.
    /// - Returns: whether it came to the end.
    mutating func play(_ watch: (Int64, FleetTally) -> Bool) -> Bool {
        var untilLook = Self.stride
        while let event = events.next(), event.time < end {
            now = event.time
            handle(event)
            untilLook -= 1
            guard untilLook == 0 else { continue }
            untilLook = Self.stride
            guard observer.wantsMore, watch(now, tally) else { return false }
        }
        now = end
        let open = clients.indices.filter { clients[$0].connection >= 0 }
        for client in open.sorted(by: { clients[$0].connection < clients[$1].connection }) {
            observer.closed(
                Int(clients[client].connection), version: clients[client].version, .endOfCapture,
                at: end)
        }
        return true
    }

    mutating func plan(
        _ kind: FleetEvent.Kind, at time: Int64, client: Int, scope: Int32 = 0, detail: Int32 = 0
    ) {
        // What comes after the end need not be kept.
        guard time < end else { return }
        events.plan(
            FleetEvent(
                time: max(time, now), kind: kind, client: Int32(client), scope: scope,
                detail: detail))
    }

    private mutating func handle(_ event: FleetEvent) {
        let client = Int(event.client)
        switch event.kind {
        case .message: message(of: client)
        case .connect: connect(client)
        case .storm: storm(client)
        case .leave: beginOutage(client)
        case .will, .sessionEnd:
            guard broker.sessions[client].generation == event.scope else { return }
            if event.kind == .will { publishWill(of: client) } else { endSession(client) }
        default:
            guard clients[client].connection == event.scope else { return }
            handle(event, onConnectionOf: client)
        }
    }

    private mutating func handle(_ event: FleetEvent, onConnectionOf client: Int) {
        switch event.kind {
        case .connack: acceptConnection(client)
        case .greeting: greet(client)
        case .suback: acknowledgeSubscriptions(client, UInt16(event.detail))
        case .drain: drain(client)
        case .brokerAnswer: answerByBroker(client, Answer(event.detail))
        case .clientAnswer: answerByClient(client, Answer(event.detail))
        case .retry: retry(client, UInt16(event.detail))
        case .deliver: deliver(client)
        case .ping: ping(client)
        case .pong: tell(client, .toClient, .pingresp)
        case .silence: giveUp(client)
        default: preconditionFailure("\(event.kind) is not about a connection")
        }
    }

    /// Who the members of a group are: drawn from a branch of their own, so that one client more changes no other.
    private mutating func addMembers(of place: Int, _ seed: Seed) {
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
                        alias: UInt16(clamping: streams.count - first + 1), random: random,
                        values: values))
            }
        }
    }

    /// The first CONNECT and the first outage.
    private mutating func begin(_ client: Int) {
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

/// A PUBACK, PUBREC, PUBREL or PUBCOMP that is to be sent.
struct Answer {
    let type: PacketType
    let packetID: UInt16

    init(_ type: PacketType, _ packetID: UInt16) { (self.type, self.packetID) = (type, packetID) }

    init(_ detail: Int32) {
        guard let type = PacketType(rawValue: UInt8(detail >> 16)) else {
            preconditionFailure("an answer has a type")
        }
        self.init(type, UInt16(truncatingIfNeeded: detail))
    }

    var detail: Int32 { Int32(type.rawValue) << 16 | Int32(packetID) }
}

extension FleetRun {
    // MARK: Telling

    /// Tells the observer of a packet and counts it.
    mutating func tell(_ client: Int, _ direction: Direction, _ packet: Packet) {
        var bytes = take()
        packet.write(to: &bytes, version: clients[client].version)
        _ = tell(client, direction, bytes)
        give(bytes)
    }

    mutating func tell(_ client: Int, _ direction: Direction, _ answer: Answer) {
        guard let id = PacketID(answer.packetID) else {
            preconditionFailure("an answer has an identifier")
        }
        var bytes = take()
        writeAcknowledgement(answer.type, id, to: &bytes)
        _ = tell(client, direction, bytes)
        give(bytes)
    }

    @discardableResult
    mutating func tell(
        _ client: Int, _ direction: Direction, _ bytes: [UInt8]
    ) -> DecodedPacket.Content {
        let version = clients[client].version
        let content: DecodedPacket.Content
        do throws(CodecError) {
            content = try DecodedPacket.Content(bytes.span.bytes, version: version)
        } catch { preconditionFailure("what a fleet sends is well-formed: \(error)") }
        guard let type = PacketType(rawValue: bytes[0] >> 4) else {
            preconditionFailure("a packet has a type")
        }
        let packet = DecodedPacket(
            connection: Int(clients[client].connection), direction: direction, time: now,
            type: type, version: version, content: content)
        tally.count(packet, bytes: bytes.count)
        if direction == .toBroker { clients[client].lastSent = now }
        observer.received(packet, bytes.span.bytes)
        return content
    }

    /// The buffer for packets, empty; whoever takes it gives it back.
    mutating func take() -> [UInt8] {
        var bytes: [UInt8] = []
        swap(&bytes, &packet)
        bytes.removeAll(keepingCapacity: true)
        return bytes
    }

    mutating func give(_ bytes: consuming [UInt8]) { packet = bytes }

    // MARK: Time

    /// There and back, drawn anew for each packet.
    mutating func roundTrip(_ client: Int) -> Int64 {
        fleet.groups[clients[client].group].link.roundTrip.time(&clients[client].random)
    }

    /// When the broker answers what it gets now: in the order in which it got it.
    mutating func answerTime(_ client: Int) -> Int64 {
        let time = max(
            now + broker.terms.delays.answer.time(&random) + stall(), clients[client].brokerClock)
        clients[client].brokerClock = time
        return time
    }

    /// When the client's answer to what is sent now arrives.
    mutating func clientAnswerTime(_ client: Int) -> Int64 {
        let time = max(now + roundTrip(client), clients[client].clientClock)
        clients[client].clientClock = time
        return time
    }

    /// How late answers are now because the broker stalls.
    private func stall() -> Int64 {
        for stall in broker.terms.stalls {
            let elapsed = now - fleet.start - stall.at
            guard 0..<stall.lasting ~= elapsed else { continue }
            return Int64(Double(stall.delay) * Double(elapsed) / Double(stall.lasting))
        }
        return 0
    }
}
