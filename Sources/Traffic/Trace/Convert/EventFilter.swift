internal import MQTT

/// Passes on what a selection wants, under numbers of its own, since connections without anything wanted
/// are left out.
///
/// Whose connection it is, its CONNECT says, or later packets; until that is known, its packets wait.
struct EventFilter<Next: TrafficObserver>: TrafficObserver {
    var next: Next
    private let selection: EventSelection
    private var window: Range<Int64>?
    private var connections = ConnectionTable<Int, Connection>()
    private var told = 0
    private(set) var wantsMore = true

    /// Packets of a connection that wait until it is known whose it is; what comes after is nobody's.
    private static var patience: Int { 256 << 10 }
    /// Times of connections go back by less than this, in nanoseconds; then nothing wanted can come.
    private static var grace: Int64 { 60_000_000_000 }

    private struct Connection {
        let peer: Endpoint
        /// In what is passed on; nil until it has something wanted.
        var number: Int?
        /// Whether the client is wanted; nil until it is known.
        var isWanted: Bool?
        var client: String?
        /// It is not named by its CONNECT, and this was not passed on yet.
        var owesIdentity = false
        var waiting: [(packet: DecodedPacket, bytes: [UInt8])] = []
        var waitingBytes = 0
        var topics = TopicMemory()
        /// Of what was passed on.
        var lastTime: Int64 = 0
        var isOver = false
    }

    init(_ selection: EventSelection, _ next: Next) {
        (self.selection, self.next) = (selection, next)
    }

    mutating func opened(_ connection: Int, client: Endpoint, at time: Int64) {
        note(time)
        var new = Connection(peer: client)
        if selection.clients.isEmpty { new.isWanted = true }
        connections.states[connection] = new
    }

    mutating func identified(_ connection: Int, clientID: String, at time: Int64) {
        note(time)
        connections.states[connection]?.owesIdentity = true
        decide(connection, clientID, at: time)
        // Before the window, or before its first packet that is wanted, it waits.
        guard let number = connections.states[connection]?.number, isInside(time) else { return }
        payIdentity(connection, number, at: time)
    }

    mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan) {
        note(packet.time)
        let number = packet.connection
        switch packet.content {
        case .other(.connect(let connect)) where !connect.clientID.isEmpty:
            decide(number, connect.clientID, at: packet.time)
        case .other(.connack(let connack)):
            for case .assignedClientIdentifier(let client) in connack.properties {
                decide(number, client, at: packet.time)
            }
        default: break
        }
        switch connections.states[number]?.isWanted {
        case true?: pass(packet, bytes)
        case false?, nil: wait(packet, bytes)
        }
    }

    mutating func closed(
        _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64
    ) {
        note(time)
        if let number = connections.states[connection]?.number {
            // Beyond the window nobody knows how it ended.
            let isKnown = time < window?.upperBound ?? .max
            let last = connections.states[connection]?.lastTime ?? time
            next.closed(
                number, version: version, isKnown ? ending : .endOfCapture,
                at: isKnown ? time : last)
        } else if let opening = connections.states[connection], opening.isWanted == true,
            isInside(time),
            selection.topics.isEmpty, selection.from == nil
        {
            // It carried nothing that was sound, and was there nevertheless.
            let number = open(connection, at: time)
            next.closed(number, version: version, ending, at: time)
        }
        connections.states[connection]?.isOver = true
        connections.end(connection)
    }

    private mutating func note(_ time: Int64) {
        if window == nil {
            let start = selection.from?.time(first: time) ?? .min
            let end = selection.to?.time(first: time) ?? .max
            window = start..<max(start, end)
        }
        guard next.wantsMore else {
            wantsMore = false
            return
        }
        if let end = window?.upperBound, end < .max - Self.grace, time > end + Self.grace {
            wantsMore = false
        }
    }

    private func isInside(_ time: Int64) -> Bool { window?.contains(time) ?? true }

    /// It is known whose connection it is.
    private mutating func decide(_ connection: Int, _ client: String, at time: Int64) {
        guard connections.states[connection] != nil else { return }
        connections.states[connection]?.client = client
        guard connections.states[connection]?.isWanted == nil else { return }
        let isWanted = selection.wants(client: client)
        connections.states[connection]?.isWanted = isWanted
        let waiting = connections.states[connection]?.waiting ?? []
        connections.states[connection]?.waiting = []
        guard isWanted else { return }
        for (packet, bytes) in waiting { pass(packet, bytes.span.bytes) }
    }

    private mutating func payIdentity(_ connection: Int, _ number: Int, at time: Int64) {
        guard connections.states[connection]?.owesIdentity == true,
            let client = connections.states[connection]?.client
        else { return }
        connections.states[connection]?.owesIdentity = false
        next.identified(number, clientID: client, at: time)
    }

    private mutating func wait(_ packet: DecodedPacket, _ bytes: RawSpan) {
        guard let connection = connections.states[packet.connection], connection.isWanted == nil,
            connection.waitingBytes + bytes.byteCount <= Self.patience
        else { return }
        let copy = bytes.withUnsafeBytes { Array($0) }
        connections.states[packet.connection]?.waiting.append((packet, copy))
        connections.states[packet.connection]?.waitingBytes += bytes.byteCount
    }

    private mutating func pass(_ packet: DecodedPacket, _ bytes: RawSpan) {
        // Also of packets outside, because an alias may have been set there.
        guard keeps(packet, bytes), isInside(packet.time) else { return }
        guard let connection = connections.states[packet.connection],
            connection.number != nil || !connection.isOver
        else { return }
        connections.states[packet.connection]?.lastTime = packet.time
        var copy = packet
        copy.connection = connection.number ?? open(packet.connection, at: packet.time)
        next.received(copy, bytes)
    }

    private mutating func keeps(_ packet: DecodedPacket, _ bytes: RawSpan) -> Bool {
        guard !selection.topics.isEmpty else { return true }
        guard var topics = connections.states[packet.connection]?.topics else { return false }
        connections.states[packet.connection]?.topics = TopicMemory()
        let isKept = topics.keeps(packet, bytes, selection)
        connections.states[packet.connection]?.topics = topics
        return isKept
    }

    private mutating func open(_ connection: Int, at time: Int64) -> Int {
        guard let opening = connections.states[connection] else {
            preconditionFailure("connection \(connection) was not opened")
        }
        let number = told
        told += 1
        connections.states[connection]?.number = number
        next.opened(number, client: opening.peer, at: time)
        payIdentity(connection, number, at: time)
        return number
    }
}
