internal import MQTT

/// The MQTT on one TCP connection: recognises it, cuts both directions into packets, follows the version
/// and tells an observer. Side 0 and 1 are the two ends.
struct Conversation {
    enum Kind {
        case undecided
        case mqtt
        case encrypted
        case other
    }

    private(set) var kind = Kind.undecided
    private(set) var quality = StreamQuality()
    private let ends: [2 of Endpoint]
    /// The side that is the client, once known.
    private var client: Int?
    private var framing: [2 of Framing] = [Framing(), Framing()]
    private var malformedInARow: [2 of Int] = [0, 0]
    private var connection: Int?
    private var language = Language()
    private var lastTime = Int64.min
    private var isClosed = false

    private static let brokerPort: UInt16 = 1883
    private static let encryptedPort: UInt16 = 8883
    /// Bytes on the broker's port in which no packet was found: it is something else.
    private static let patience = 1 << 20

    init(_ a: Endpoint, _ b: Endpoint) {
        ends = [a, b]
        // Where both ports are the broker's, only a CONNECT can tell.
        if (a.port == Self.brokerPort) != (b.port == Self.brokerPort) {
            client = a.port == Self.brokerPort ? 1 : 0
        }
    }

    /// This side sent the SYN.
    mutating func isOpened(by side: Int) { client = side }

    var connectSeen: Bool { language.connectSeen }
    var hasPackets: Bool { connection != nil }
    var isDeaf: Bool { kind == .other || kind == .encrypted }
    /// Bytes that wait for others.
    var keptBytes: Int { framing[0].carry.count + framing[1].carry.count }

    /// The next bytes that `side` sent.
    mutating func receive<O: TrafficObserver>(
        _ bytes: RawSpan, from side: Int, at time: Int64, _ listener: inout Listener<O>
    ) {
        lastTime = max(lastTime, time)
        switch framing[side].mode {
        case .packets: run(bytes, side, &listener)
        case .sniffing:
            framing[side].append(bytes)
            sniff(side, &listener)
        case .searching:
            let start = framing[side].carry.count
            framing[side].append(bytes)
            guard framing[side].maySearch(after: bytes.byteCount) else { return }
            if search(side, segmentStart: start) { runCarry(side, &listener) }
        case .deaf: break
        }
    }

    /// `count` bytes that `side` sent are not in the capture.
    mutating func lose(_ count: Int, from side: Int) {
        guard count > 0, !isDeaf else { return }
        quality.lostBytes += count
        let wasSniffing = framing[side].mode == .sniffing
        quality.skippedBytes += framing[side].gap(count)
        guard wasSniffing else { return }
        if usesBrokerPort || kind == .mqtt {
            framing[side].mode = .searching
        } else {
            giveUp(.other)
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

    private var usesBrokerPort: Bool {
        ends[0].port == Self.brokerPort || ends[1].port == Self.brokerPort
    }

    // The first bytes decide.
    private mutating func sniff<O: TrafficObserver>(_ side: Int, _ listener: inout Listener<O>) {
        switch Opening(framing[side].carry.span.bytes) {
        case .undecided: return
        case .connect where client == nil || client == side:
            client = side
            kind = .mqtt
            framing[1 - side].isMQTT()
            framing[side].isMQTT()
            runCarry(side, &listener)
            if framing[1 - side].mode == .packets { runCarry(1 - side, &listener) }
        case .tls: giveUp(.encrypted)
        case .connect, .other:
            let isTLS = framing[side].carry.first.map { 0x14...0x17 ~= $0 } ?? false
            if isTLS, ends[0].port == Self.encryptedPort || ends[1].port == Self.encryptedPort {
                giveUp(.encrypted)
            } else if usesBrokerPort, client != nil {
                framing[side].mode = .searching
                if search(side, segmentStart: 0) { runCarry(side, &listener) }
            } else if client == side || isOther(1 - side)
                || framing[side].carry.count > Framing.undecidedLimit
            {
                giveUp(.other)
            }
        }
    }

    private func isOther(_ side: Int) -> Bool { Opening(framing[side].carry.span.bytes) == .other }

    private mutating func giveUp(_ kind: Kind) {
        self.kind = kind
        for side in 0..<2 {
            framing[side] = Framing()
            framing[side].mode = .deaf
        }
    }

    /// Forgets what waits: the packets are lost, and the next boundary is looked for.
    mutating func abandonKept() {
        for side in 0..<2 where !framing[side].carry.isEmpty {
            quality.skippedBytes += framing[side].abandon()
        }
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
            kind = .mqtt
            return true
        case .nothing(var offset):
            let count = framing[side].carry.count
            if count - offset > Framing.undecidedLimit {
                offset = count - Framing.undecidedLimit / 2
            }
            quality.skippedBytes += offset
            framing[side].carry.removeFirst(offset)
            if kind == .undecided, quality.skippedBytes > Self.patience { giveUp(.other) }
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
        let direction = direction(from: side)
        guard let type = PacketType(rawValue: packet.byte(at: 0) >> 4), type.mayTravel(direction),
            let content = language.read(packet, type)
        else {
            if connection == nil { open(&listener) }
            quality.malformedPackets += 1
            return false
        }
        let connection = connection ?? open(&listener)
        quality.decodedBytes += packet.byteCount
        listener.observer.received(
            DecodedPacket(
                connection: connection, direction: direction, time: lastTime, type: type,
                version: language.assumed, content: content), packet)
        if type == .disconnect, direction == .toBroker {
            close(.disconnect, at: lastTime, &listener)
        }
        return true
    }

    @discardableResult
    private mutating func open<O: TrafficObserver>(_ listener: inout Listener<O>) -> Int {
        let number = listener.connections
        listener.connections += 1
        connection = number
        listener.observer.opened(number, client: ends[client ?? 0], at: lastTime)
        return number
    }
}

/// An observer, and how many connections it was told of.
struct Listener<Observer: TrafficObserver> {
    var observer: Observer
    var connections = 0
}

extension Framing {
    /// The other side has shown that this is MQTT from its first byte on.
    fileprivate mutating func isMQTT() {
        if mode == .sniffing { mode = .packets }
    }

    fileprivate mutating func append(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { carry.append(contentsOf: $0) }
    }
}
