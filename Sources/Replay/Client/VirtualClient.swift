internal import MQTT
internal import Measure
internal import Traffic

/// One recorded client, living its life again through all its connections: it keeps its session, gives its own packet
/// identifiers, because the recorded ones belong to another conversation, and answers what this broker sends.
///
/// It decides; who owns it sends.
struct VirtualClient {
    enum Link: Equatable {
        case down
        /// Made, and CONNECT has not been sent.
        case made(Int)
        /// CONNECT has been sent.
        case greeting(Int)
        /// CONNACK has come.
        case up(Int)
        /// The broker has ended it, and the client will come back by itself.
        case lost

        var connection: Int? {
            switch self {
            case .made(let number), .greeting(let number), .up(let number): number
            case .down, .lost: nil
            }
        }
    }

    var link = Link.down
    /// A connection that is still open while a newer one takes its session over.
    var former: Int?
    /// DISCONNECT has been sent, or the broker has said no: the end of the connection is no surprise.
    var isLeaving = false
    /// The broker has sent what is not MQTT: the client ends the connection.
    var isAppalled = false
    /// Steps that were due and could not be taken yet; later ones wait behind them.
    var waiting = DeferredSteps.Line()
    /// A timer watches over them.
    var isWatched = false

    var address: Endpoint?
    var version = ProtocolVersion.v3_1_1
    /// Its last CONNECT, to come back with, and its requests since; kept only if it comes back by itself.
    var connect: ByteStore.Handle?
    var requests: [ByteStore.Handle] = []
    /// Some of them had no answer when the connection ended.
    var owesRequests = false
    /// It has come back by itself.
    var isReturning = false
    var attempts = 0
    var connectIntended = MonotonicTime(nanoseconds: 0)
    var startsClean = true
    /// The session is to last longer than the connection.
    var persists = false
    var keepAlive = Nanoseconds.zero
    var lastSent = MonotonicTime(nanoseconds: 0)
    var aliases = OutgoingAliases()
    /// Messages at QoS 1 and 2 that this broker takes without having answered [MQTT-3.3.4-9].
    var receiveMaximum = Self.largestReceiveMaximum

    var inFlight = InFlight()
    /// Deliveries at QoS 2 that were received and are not released.
    var unreleased: Set<PacketID> = []

    /// How long it took to answer deliveries in the recording; nil: it never did.
    var delays: [Nanoseconds?] = []
    private var nextDelay = 0
    /// When the last of its acknowledgements that wait is due.
    var lastAnswerDue = MonotonicTime(nanoseconds: 0)

    static let largestReceiveMaximum = 65_535

    /// How long it takes over the next delivery; nil: for ever.
    mutating func nextAnswerDelay() -> Nanoseconds? {
        guard !delays.isEmpty else { return .zero }
        if nextDelay >= delays.count { nextDelay = 0 }
        defer { nextDelay += 1 }
        return delays[nextDelay]
    }

    /// A new connection begins; what belonged to the last one is void.
    mutating func begin(_ connection: Int) {
        link = .made(connection)
        (isLeaving, isAppalled) = (false, false)
        aliases.begin()
        receiveMaximum = Self.largestReceiveMaximum
        lastAnswerDue = MonotonicTime(nanoseconds: 0)
    }

    /// Takes note of the CONNECT that it is about to send.
    mutating func introduce(_ connect: Connect, at now: MonotonicTime, intended: MonotonicTime) {
        if let connection = link.connection { link = .greeting(connection) }
        version = connect.version
        startsClean = connect.cleanStart
        persists = connect.isDurable
        keepAlive = .seconds(Double(connect.keepAlive))
        (lastSent, connectIntended) = (now, intended)
    }

    /// CONNACK accepts it.
    mutating func accepted(_ connack: Connack) {
        if let connection = link.connection { link = .up(connection) }
        attempts = 0
        for property in connack.properties {
            switch property {
            case .receiveMaximum(let count): receiveMaximum = Int(count)
            case .topicAliasMaximum(let count): aliases.accept(upTo: count)
            case .serverKeepAlive(let seconds): keepAlive = .seconds(Double(seconds))
            default: break
            }
        }
    }

    /// Whether the broker has kept its session. Version 3.1 does not tell, so a client that asked for it takes it
    /// for granted, as those clients do.
    func findsSession(_ connack: Connack) -> Bool {
        version == .v3_1 ? !startsClean : connack.sessionPresent
    }

    /// The session is lost, or a new one is begun.
    /// - Returns: how many messages the broker had not answered for.
    mutating func forget(_ copies: inout ByteStore) -> Int {
        var unanswered = 0
        while let id = inFlight.next(after: nil) {
            if let entry = inFlight[id] {
                if entry.kind == .qos1 || entry.kind == .qos2 { unanswered += 1 }
                if let copy = entry.copy { copies.release(copy) }
            }
            inFlight.remove(id)
        }
        if !unreleased.isEmpty { unreleased.removeAll(keepingCapacity: true) }
        return unanswered
    }

    /// Requests are not part of a session: those without answer end with their connection.
    mutating func forgetRequests() {
        var place = inFlight.next(after: nil)
        while let id = place {
            place = inFlight.next(after: id)
            guard inFlight[id]?.kind == .request else { continue }
            inFlight.remove(id)
            owesRequests = true
        }
    }
}
