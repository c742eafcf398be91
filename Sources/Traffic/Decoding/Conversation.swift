/// What goes on on one TCP connection: recognises what it carries, takes off what lies around MQTT (a PROXY
/// header, TLS, WebSocket, in this order and each of them or none), and tells an observer. Side 0 and 1 are
/// the two ends.
///
/// Plain MQTT goes straight to its dialogue, without a copy; everything else is behind two references that
/// are nil then.
struct Conversation {
    enum Kind {
        case undecided
        case mqtt
        case encrypted
        case other
    }

    private var dialogue: Dialogue
    /// Both ends are known to speak what the stack, or nothing, stands for.
    private var isDecided = false
    /// What was kept until that was decided; nil also before anything came.
    private var opening: OpeningBytes?
    private var stack: LayerStack?
    private var end: LayerEnd?
    private var lastTime = Int64.min
    private var isFromTheStart = false
    private var isProxied = false
    private var hasTLS = false
    private var hasWebSocket = false
    private var isTold = false
    /// Nothing that comes is of use.
    private(set) var isDeaf = false

    private static let brokerPort: UInt16 = 1883
    /// Ports below are servers': those that Linux gives to clients begin here (ip_local_port_range).
    private static let firstClientPort: UInt16 = 32_768

    init(_ a: Endpoint, _ b: Endpoint) {
        dialogue = Dialogue(a, b)
        // Where both ports are the broker's, only a CONNECT can tell.
        if (a.port == Self.brokerPort) != (b.port == Self.brokerPort) {
            dialogue.client = a.port == Self.brokerPort ? 1 : 0
        }
    }

    /// This side sent the SYN.
    mutating func isOpened(by side: Int) {
        dialogue.client = side
        isFromTheStart = true
        if stack == nil { opening?.sawStart() }
    }

    @inline(__always) var kind: Kind {
        if dialogue.isFound { return .mqtt }
        switch end {
        case .encrypted: return .encrypted
        case .other, .compressed: return .other
        case nil: return hasTLS ? .encrypted : .undecided
        }
    }

    @inline(__always) var quality: StreamQuality { dialogue.quality }
    var connectSeen: Bool { dialogue.connectSeen }
    var hasPackets: Bool { dialogue.hasPackets }
    /// Bytes that wait for what comes, in all layers.
    @inline(__always) var keptBytes: Int {
        dialogue.keptBytes + (opening?.keptBytes ?? 0) + (stack?.keptBytes ?? 0)
    }

    /// Gives up what waits, which is not worth its memory.
    mutating func abandonKept() {
        guard !isDeaf else { return }
        dialogue.abandonKept()
        guard !dialogue.isFound else { return }
        giveUp(stack?.layers.last?.verdict ?? .other)
    }

    /// The next bytes that `side` sent.
    mutating func receive<O: TrafficObserver>(
        _ bytes: RawSpan, from side: Int, at time: Int64, _ listener: inout Listener<O>
    ) {
        if isDeaf { return }
        if isDecided, stack == nil {
            dialogue.receive(bytes, from: side, at: time, &listener)
            if dialogue.isHopeless { giveUp(.other) }
        } else {
            lastTime = max(lastTime, time)
            feed(bytes, side, to: 0, &listener)
        }
    }

    /// `count` bytes that `side` sent are not in the capture.
    mutating func lose(_ count: Int, from side: Int) {
        guard count > 0, !isDeaf else { return }
        lose(count, isExact: true, side, at: 0)
    }

    mutating func close<O: TrafficObserver>(
        _ ending: Ending, at time: Int64, _ listener: inout Listener<O>
    ) {
        lastTime = max(lastTime, time)
        if !isDeaf, !dialogue.isFound { guess(isLast: true, &listener) }
        dialogue.close(ending, at: time, &listener)
        guard !isTold else { return }
        isTold = true
        if !dialogue.isFound {
            end = end ?? stack?.layers.first?.verdict
            if let end { listener.layers.count(end) }
        } else if dialogue.hasPackets {
            if isProxied { listener.layers.proxied += 1 }
            if hasTLS { listener.layers.decrypted += 1 }
            if hasWebSocket { listener.layers.webSocket += 1 }
        }
    }

    private mutating func giveUp(_ end: LayerEnd) {
        self.end = end
        isDeaf = true
        (opening, stack) = (nil, nil)
    }

    // Bytes and gaps go up through the layers.

    private mutating func feed<O: TrafficObserver>(
        _ bytes: RawSpan, _ side: Int, to layer: Int, _ listener: inout Listener<O>
    ) {
        guard !isDeaf, let stack, layer < stack.count else {
            return accept(bytes, side, &listener)
        }
        let output = stack.receive(bytes, from: side, by: layer)
        for piece in output.pieces where !isDeaf {
            switch piece.content {
            case .bytes(let range):
                let bytes = output.bytes.span.bytes.extracting(range)
                feed(bytes, piece.side, to: layer + 1, &listener)
            case .lost(let count, let isExact):
                lose(count, isExact: isExact, piece.side, at: layer + 1)
            case .malformed: dialogue.countMalformed()
            }
        }
        if let end = output.end, !isDeaf { giveUp(end) }
        stack.reuse(output, of: layer)
    }

    private mutating func lose(_ count: Int, isExact: Bool, _ side: Int, at layer: Int) {
        if let stack, layer < stack.count {
            let output = stack.lose(count, isExact: isExact, from: side, by: layer)
            for piece in output.pieces {
                guard case .lost(let count, let isExact) = piece.content else { continue }
                lose(count, isExact: isExact, piece.side, at: layer + 1)
            }
            stack.reuse(output, of: layer)
        } else if !isDecided, case let opening = keepOpening(), !opening.isDecided(side) {
            dialogue.skip(opening.lose(side))
            dialogue.lose(count, isExact: false, from: side)
            if usesBrokerPort || dialogue.isFound {
                _ = opening.decide(side)
                dialogue.search(side)
                if opening.isOver { settle() }
            }
        } else {
            dialogue.lose(count, isExact: isExact, from: side)
        }
    }

    private mutating func accept<O: TrafficObserver>(
        _ bytes: RawSpan, _ side: Int, _ listener: inout Listener<O>
    ) {
        guard !isDeaf else { return }
        guard !isDecided, case let opening = keepOpening(), !opening.isDecided(side) else {
            dialogue.receive(bytes, from: side, at: lastTime, &listener)
            if dialogue.isHopeless { giveUp(.other) }
            return
        }
        opening.append(bytes, side)
        decide(side, opening, &listener)
    }

    private var usesBrokerPort: Bool {
        let ends = dialogue.ends
        return ends[0].port == Self.brokerPort || ends[1].port == Self.brokerPort
    }

    private mutating func keepOpening() -> OpeningBytes {
        let opening = opening ?? OpeningBytes(isFromTheStart: isFromTheStart)
        self.opening = opening
        return opening
    }

    private mutating func settle() { (isDecided, opening) = (true, nil) }
}

// The first bytes decide.
extension Conversation {
    private mutating func decide<O: TrafficObserver>(
        _ side: Int, _ opening: OpeningBytes, _ listener: inout Listener<O>
    ) {
        switch opening.opening(side) {
        case .undecided: return
        case .connect where isClient(side):
            dialogue.client = side
            dialogue.isGuessed = false
            begin(opening, &listener)
        case .proxy where stack == nil && !isProxied && isClient(side):
            takeProxyHeader(side, opening, &listener)
        case .tls where stack == nil:
            // Of both hellos either may be first in the file.
            let isClient = opening.head(side)[TLSRecord.headerLength] == 1
            let client = isClient ? side : 1 - side
            push(TLSSession(client: client, keyLog: listener.keyLog), client, opening, &listener)
        case .tlsInside where stack == nil && !opening.isFromTheStart:
            giveUp(.encrypted(.beganBefore))
        case .httpRequest where isClient(side) && !hasWebSocket: upgrade(side, opening, &listener)
        case .httpAnswer where isClient(1 - side) && !hasWebSocket:
            upgrade(1 - side, opening, &listener)
        default: foreign(side, opening, &listener)
        }
    }

    private func isClient(_ side: Int) -> Bool {
        dialogue.client == nil || dialogue.client == side || dialogue.isGuessed
    }

    private mutating func upgrade<O: TrafficObserver>(
        _ client: Int, _ opening: OpeningBytes, _ listener: inout Listener<O>
    ) {
        push(WebSocketSession(client: client, isInside: false), client, opening, &listener)
    }

    /// Packets begin with the first byte of both ends.
    private mutating func begin<O: TrafficObserver>(
        _ opening: OpeningBytes, _ listener: inout Listener<O>
    ) {
        let client = dialogue.client ?? 0
        settle()
        let open = [client, 1 - client].filter { !opening.isDecided($0) }
        for side in open { dialogue.begin(side) }
        for side in open {
            let head = opening.decide(side)
            dialogue.receive(head.span.bytes, from: side, at: lastTime, &listener)
        }
    }

    private mutating func takeProxyHeader<O: TrafficObserver>(
        _ side: Int, _ opening: OpeningBytes, _ listener: inout Listener<O>
    ) {
        switch ProxyHeader.find(in: opening.head(side).span.bytes) {
        case .incomplete: return
        case .none: foreign(side, opening, &listener)
        case .header(let header):
            isProxied = true
            dialogue.proxied = header.client
            dialogue.client = side
            opening.drop(header.length, side)
            decide(side, opening, &listener)
        }
    }

    /// Another layer is there: it gets what was kept, of the client first.
    private mutating func push<O: TrafficObserver>(
        _ layer: any Layer, _ client: Int, _ opening: OpeningBytes, _ listener: inout Listener<O>
    ) {
        let stack = stack ?? LayerStack()
        self.stack = stack
        stack.push(layer)
        let level = stack.count - 1
        dialogue.client = client
        dialogue.isGuessed = false
        let webSocket = layer as? WebSocketSession
        if webSocket == nil { hasTLS = true } else { hasWebSocket = true }
        self.opening = OpeningBytes(isFromTheStart: webSocket?.isInside != true)
        if webSocket?.isInside == true {
            for side in 0..<2 { dialogue.search(side) }
            settle()
        }
        for side in [client, 1 - client] {
            let head = opening.decide(side)
            feed(head.span.bytes, side, to: level, &listener)
        }
    }

    /// It does not begin like anything that is known.
    private mutating func foreign<O: TrafficObserver>(
        _ side: Int, _ opening: OpeningBytes, _ listener: inout Listener<O>
    ) {
        if !opening.isFromTheStart, stack == nil, opening.segmentOpening(side) == .tlsInside {
            return giveUp(.encrypted(.beganBefore))
        }
        if !opening.isFromTheStart, !hasWebSocket, let isClient = opening.webSocketInside(side) {
            let client = isClient ? side : 1 - side
            return push(
                WebSocketSession(client: client, isInside: true), client, opening, &listener)
        }
        let isOnPort = usesBrokerPort && dialogue.client != nil
        if isOnPort || stack != nil && !opening.isFromTheStart && dialogue.client != nil {
            dialogue.search(side)
            let head = opening.decide(side)
            if opening.isOver { settle() }
            dialogue.receive(head.span.bytes, from: side, at: lastTime, &listener)
            return
        }
        if opening.isFromTheStart {
            let isOther = [.other, .proxy].contains(opening.opening(1 - side))
            guard dialogue.client == side || isOther || opening.isTooLong(side) else { return }
            return giveUp(.other)
        }
        opening.lookAtMidstream(side)
        guess(isLast: false, &listener)
        if self.opening === opening, opening.isTooLong(side) { giveUp(.other) }
    }

    /// Decides whether an opening without a CONNECT is one of MQTT, and who is the client.
    /// - Parameter isLast: nothing more will come.
    private mutating func guess<O: TrafficObserver>(
        isLast: Bool, _ listener: inout Listener<O>
    ) {
        guard let opening, !opening.isFromTheStart, !opening.isDecided(0), !opening.isDecided(1)
        else { return }
        let (a, b) = (opening.midstreams[0], opening.midstreams[1])
        let isForeign = a.isForeign && a.weight == 0 || b.isForeign && b.weight == 0
        let enough = isForeign ? Midstream.enough.against : Midstream.enough.alone
        guard a.weight + b.weight >= enough else { return }
        let isLong = opening.isTooLong(0) || opening.isTooLong(1)
        if dialogue.client == nil {
            dialogue.client = sender(a, b) ?? knownClient(listener.hints)
            if dialogue.client == nil { guessByPorts(isLast || isLong) }
        }
        guard let client = dialogue.client else { return }
        settle()
        for side in [client, 1 - client] {
            dialogue.search(side)
            let head = opening.decide(side)
            dialogue.receive(head.span.bytes, from: side, at: lastTime, &listener)
        }
    }

    private func sender(_ a: Midstream, _ b: Midstream) -> Int? {
        switch (a.sender, b.sender) {
        case (.toBroker, nil), (.toBroker, .toClient), (nil, .toClient): 0
        case (nil, .toBroker), (.toClient, .toBroker), (.toClient, nil): 1
        default: nil
        }
    }

    private func knownClient(_ hints: Hints) -> Int? {
        let isBroker = [0, 1].map { hints.isBroker(dialogue.ends[$0]) }
        return isBroker[0] == isBroker[1] ? nil : isBroker[0] ? 1 : 0
    }

    /// Clients have the ports that systems give out; if that does not tell, the higher one.
    private mutating func guessByPorts(_ isLast: Bool) {
        let ports = [0, 1].map { dialogue.ends[$0].port }
        let isHigh = ports.map { $0 >= Self.firstClientPort }
        guard isHigh[0] != isHigh[1] || isLast else { return }
        dialogue.client = ports[0] > ports[1] ? 0 : 1
        dialogue.isGuessed = true
    }
}
