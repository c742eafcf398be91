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
    var events = DueQueue<Int64, FleetEvent>()
    var clients: [FleetClient] = []
    var streams: [FleetStream] = []
    /// The clients of each group.
    var members: [Range<Int>] = []
    var broker: FleetBroker
    var tally: FleetTally
    private(set) var now: Int64
    /// Of the broker.
    var random: Seed
    /// Every kind of message, by group.
    let kinds: [[PlayedMessage]]
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
        kinds = fleet.groups.map { $0.messages.map { PlayedMessage($0) } }
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
        while let event = events.take(), event.time < end {
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
        let time = max(time, now)
        events.add(
            FleetEvent(
                time: time, kind: kind, client: Int32(client), scope: scope, detail: detail),
            at: time)
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
}
