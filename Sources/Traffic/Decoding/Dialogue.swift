internal import MQTT

/// The MQTT on one connection: cuts both directions into packets, follows the version and tells an observer.
/// Side 0 and 1 are the two ends.
struct Dialogue {
    private(set) var quality = StreamQuality()
    /// Packets were found.
    private(set) var isFound = false
    /// So many bytes without a packet that it is something else.
    private(set) var isHopeless = false
    /// The side that is the client, once known.
    var client: Int?
    /// Which side is the client follows from ports only.
    var isGuessed = false
    /// What a PROXY header says of the client.
    var proxied: Endpoint?
    let ends: [2 of Endpoint]
    private var framing: [2 of Framing] = [Framing(), Framing()]
    private var malformedInARow: [2 of Int] = [0, 0]
    private var connection: Int?
    private var language = Language()
    private var identification = Identification()
    private var lastTime = Int64.min
    private var isClosed = false

    /// Bytes in which no packet was found: it is something else.
    private static let patience = 1 << 20
    /// More than any packet holds.
    private static let endless = 1 << 40

    init(_ a: Endpoint, _ b: Endpoint) { ends = [a, b] }

    var connectSeen: Bool { language.connectSeen }
    var hasPackets: Bool { connection != nil }
    /// Bytes that wait for what comes.
    @inline(__always) var keptBytes: Int { framing[0].carry.count + framing[1].carry.count }

    /// Packets of `side` begin with its next byte.
    mutating func begin(_ side: Int) {
        isFound = true
        framing[side].mode = .packets
    }

    /// Where the packets of `side` begin has to be found.
    mutating func search(_ side: Int) { framing[side].mode = .searching }

    /// The next bytes that `side` sent.
    mutating func receive<O: TrafficObserver>(
        _ bytes: RawSpan, from side: Int, at time: Int64, _ listener: inout Listener<O>
    ) {
        lastTime = max(lastTime, time)
        switch framing[side].mode {
        case .packets: run(bytes, side, &listener)
        case .searching, .sniffing:
            let start = framing[side].carry.count
            bytes.withUnsafeBytes { framing[side].carry.append(contentsOf: $0) }
            guard framing[side].maySearch(after: bytes.byteCount) else { return }
            if search(side, segmentStart: start) { runCarry(side, &listener) }
        case .deaf: break
        }
    }

    /// `count` bytes that `side` sent are missing.
    /// - Parameter isExact: false if it is only known that bytes are missing, not how many.
    mutating func lose(_ count: Int, isExact: Bool, from side: Int) {
        quality.lostBytes += count
        quality.skippedBytes += framing[side].gap(isExact ? count : Self.endless)
    }

    mutating func countMalformed() { quality.malformedPackets += 1 }

    /// Bytes were captured and are of no use.
    mutating func skip(_ count: Int) { quality.skippedBytes += count }

    /// Forgets what waits: the packets are lost, and the next boundary is looked for.
    mutating func abandonKept() {
        for side in 0..<2 where !framing[side].carry.isEmpty {
            quality.skippedBytes += framing[side].abandon()
        }
    }

    mutating func close<O: TrafficObserver>(
        _ ending: Ending, at time: Int64, _ listener: inout Listener<O>
    ) {
        guard let connection, !isClosed else { return }
        isClosed = true
        lastTime = max(lastTime, time)
        listener.observer.closed(connection, version: language.assumed, ending, at: lastTime)
    }

    /// Looks for a boundary in what is kept.
    /// - Returns: true if packets begin at the start of `carry` now.
    private mutating func search(_ side: Int, segmentStart: Int) -> Bool {
        let find = BoundarySearch(direction: direction(from: side), version: language.version)
        let finding = find.next(
            in: framing[side].carry.span.bytes, from: 0, segmentStart: segmentStart)
        switch finding {
        case .found(let offset):
            quality.skippedBytes += offset
            framing[side].carry.removeFirst(offset)
            framing[side].mode = .packets
            malformedInARow[side] = 0
            isFound = true
            return true
        case .nothing(var offset):
            let count = framing[side].carry.count
            if count - offset > Framing.undecidedLimit {
                offset = count - Framing.undecidedLimit / 2
            }
            quality.skippedBytes += offset
            framing[side].carry.removeFirst(offset)
            if !isFound, quality.skippedBytes > Self.patience { isHopeless = true }
            return false
        }
    }

    private mutating func runCarry<O: TrafficObserver>(_ side: Int, _ listener: inout Listener<O>) {
        var bytes: [UInt8] = []
        swap(&bytes, &framing[side].carry)
        run(bytes.span.bytes, side, &listener)
    }

    /// Takes packets out of `bytes`, and out of what remains after a boundary was lost and found again.
    private mutating func run<O: TrafficObserver>(
        _ bytes: RawSpan, _ side: Int, _ listener: inout Listener<O>
    ) {
        guard takePackets(bytes, side, &listener) else { return }
        while search(side, segmentStart: -1) {
            var rest: [UInt8] = []
            swap(&rest, &framing[side].carry)
            guard takePackets(rest.span.bytes, side, &listener) else { return }
        }
    }

    /// - Returns: true if the boundary was lost; the rest of `bytes` is in `carry` then.
    private mutating func takePackets<O: TrafficObserver>(
        _ bytes: RawSpan, _ side: Int, _ listener: inout Listener<O>
    ) -> Bool {
        var offset = 0
        while true {
            let isSound: Bool
            switch framing[side].next(in: bytes, at: &offset) {
            case .needsMore: return false
            case .packet(let range):
                isSound = receive(packet: bytes.extracting(range), side, &listener)
            case .carried:
                var packet: [UInt8] = []
                swap(&packet, &framing[side].carry)
                isSound = receive(packet: packet.span.bytes, side, &listener)
                framing[side].giveBack(packet)
            case .lost:
                quality.malformedPackets += 1
                framing[side].search(bytes, from: offset)
                return true
            }
            malformedInARow[side] = isSound ? 0 : malformedInARow[side] + 1
            // One packet may be malformed within its length; two mean that the lengths are not lengths.
            if malformedInARow[side] >= 2 {
                framing[side].search(bytes, from: offset)
                return true
            }
        }
    }

    private func direction(from side: Int) -> Direction { side == client ? .toBroker : .toClient }

    /// - Returns: whether the packet is sound; if not, it is counted and left out.
    private mutating func receive<O: TrafficObserver>(
        packet: RawSpan, _ side: Int, _ listener: inout Listener<O>
    ) -> Bool {
        let type = PacketType(rawValue: packet.byte(at: 0) >> 4)
        if isGuessed, let type { question(type, packet, side, &listener) }
        let direction = direction(from: side)
        guard let type, type.mayTravel(direction), let content = language.read(packet, type) else {
            if connection == nil { open(&listener) }
            quality.malformedPackets += 1
            return false
        }
        let connection = connection ?? open(&listener)
        quality.decodedBytes += packet.byteCount
        if !identification.isOver { identify(content, packet, direction, connection, &listener) }
        listener.observer.received(
            DecodedPacket(
                connection: connection, direction: direction, time: lastTime, type: type,
                version: language.assumed, content: content), packet)
        if type == .disconnect, direction == .toBroker {
            close(.disconnect, at: lastTime, &listener)
        }
        return true
    }

    /// Asks a packet whether the ports were right about who is the client.
    private mutating func question<O: TrafficObserver>(
        _ type: PacketType, _ packet: RawSpan, _ side: Int, _ listener: inout Listener<O>
    ) {
        let direction = direction(from: side)
        let opposite: Direction = direction == .toBroker ? .toClient : .toBroker
        if type.mayTravel(direction) {
            if !type.mayTravel(opposite) { isGuessed = false }
            return
        }
        guard language.read(packet, type) != nil else { return }
        // What was told so far went the wrong way; it ends, and another begins.
        isGuessed = false
        client = client.map { 1 - $0 }
        if let connection, !isClosed {
            listener.observer.closed(
                connection, version: language.assumed, .endOfCapture, at: lastTime)
        }
        connection = nil
        isClosed = false
    }

    private mutating func identify<O: TrafficObserver>(
        _ content: DecodedPacket.Content, _ packet: RawSpan, _ direction: Direction,
        _ connection: Int, _ listener: inout Listener<O>
    ) {
        switch content {
        case .other(.connect(let connect)):
            identification.connected(connect.clientID)
            if let client { listener.hints.note(broker: ends[1 - client]) }
        case .other(.connack(let connack)) where !connectSeen:
            for case .assignedClientIdentifier(let clientID) in connack.properties {
                identification.end()
                listener.observer.identified(connection, clientID: clientID, at: lastTime)
            }
        case .publish(let header) where direction == .toBroker:
            let topic = packet.extracting(header.topic)
            let clientID = identification.publishes(to: topic, &listener.hints)
            guard let clientID else { return }
            listener.observer.identified(connection, clientID: clientID, at: lastTime)
        default: break
        }
    }

    @discardableResult
    private mutating func open<O: TrafficObserver>(_ listener: inout Listener<O>) -> Int {
        let number = listener.connections
        listener.connections += 1
        connection = number
        listener.observer.opened(number, client: proxied ?? ends[client ?? 0], at: lastTime)
        return number
    }
}
