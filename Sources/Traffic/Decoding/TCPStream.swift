/// One TCP connection: puts both directions into order and hands them to its conversation.
///
/// It is half a kilobyte, and what is called with it while it is being changed gets a copy: so what is asked for every
/// segment is `@inline(__always)`.
struct TCPStream {
    let key: FlowKey
    /// A place that no connection has.
    let isVacant: Bool
    private(set) var conversation: Conversation
    private var halves: [2 of Half] = [Half(), Half()]
    /// Both ends have finished, or one has reset it.
    private(set) var isOver = false
    private(set) var lastTime = Int64.min
    private var retransmitted = 0
    private var outOfOrder = 0

    private struct Half {
        var reassembly = Reassembly()
        /// Sequence number of its SYN.
        var syn: UInt32?
        /// Sequence number behind its last byte.
        var fin: UInt32?
        var isFinished = false
    }

    init(_ key: FlowKey) { self.init(key, isVacant: false) }

    private init(_ key: FlowKey, isVacant: Bool) {
        self.key = key
        self.isVacant = isVacant
        conversation = Conversation(key.low, key.high)
    }

    static var vacant: TCPStream {
        let nobody = Endpoint(high: 0, low: 0, port: 0)
        return TCPStream(FlowKey(low: nobody, high: nobody), isVacant: true)
    }

    /// Bytes that wait in it: behind holes, and for the rest of a packet.
    @inline(__always) var keptBytes: Int {
        halves[0].reassembly.heldBytes + halves[1].reassembly.heldBytes + conversation.keptBytes
    }

    /// When it is silent for long, nothing is to be expected of it any more.
    var isForgettable: Bool {
        isOver || conversation.kind != .mqtt || halves[0].fin != nil || halves[1].fin != nil
    }

    /// What went wrong on it, if it carries MQTT.
    var quality: StreamQuality {
        var quality = conversation.quality
        quality.retransmittedSegments = retransmitted
        quality.outOfOrderSegments = outOfOrder
        return quality
    }

    /// Whether a segment with SYN is of this connection and not of one that uses the same ports again.
    @inline(__always) private func owns(syn segment: Segment, from side: Int) -> Bool {
        if isOver { return false }
        if let syn = halves[side].syn { return syn == segment.sequence }
        if let next = halves[side].reassembly.next {
            // The file may hold the SYN a little after the first bytes.
            return 0...0xFFFF ~= Int32(bitPattern: next &- segment.sequence)
        }
        guard segment.flags.contains(.ack), let syn = halves[1 - side].syn else { return true }
        return segment.acknowledgement == syn &+ 1
    }

    /// Whether a segment opens another connection although no SYN was captured: far from what was
    /// expected, or after the end, with a CONNECT in front.
    @inline(__always) private func isForeign(_ segment: Segment, _ frame: RawSpan, from side: Int) -> Bool {
        guard let next = halves[side].reassembly.next, !segment.payload.isEmpty else {
            return false
        }
        let distance = Int32(bitPattern: segment.sequence &- next)
        // After the end nothing new may follow; what comes again lies before it.
        let isElsewhere =
            distance.magnitude > 1 << 20 || isOver && (distance > 0 || distance < -0xFFFF)
        return isElsewhere && Opening(frame.extracting(segment.payload)) == .connect
    }

    /// What a segment did to a connection.
    struct Reception {
        /// Bytes that wait now and did not before; negative if fewer do.
        let kept: Int
        /// Packets are known to be lost or malformed that were not before.
        let trouble: FrameTally.Troubles
    }

    /// - Parameter isCrowded: too much waits in all connections together; nothing more may wait in this one.
    /// - Returns: nil if the segment is of another connection between the same ends; nothing was taken then.
    mutating func receive<O: TrafficObserver>(
        _ segment: Segment, _ frame: RawSpan, from side: Int, at time: Int64, isCrowded: Bool,
        _ listener: inout Listener<O>
    ) -> Reception? {
        let isNew =
            segment.flags.contains(.syn)
            ? !owns(syn: segment, from: side) : isForeign(segment, frame, from: side)
        if isNew { return nil }
        lastTime = max(lastTime, time)
        guard !isOver else { return Reception(kept: 0, trouble: []) }
        // Half of all segments do nothing else, and change nothing of what waits.
        if isAtRest, !isCrowded, segment.flags == .ack, segment.payload.isEmpty, segment.cut == 0 {
            halves[1 - side].reassembly.acknowledge(segment.acknowledgement)
            return Reception(kept: 0, trouble: [])
        }
        let (kept, quality) = (keptBytes, conversation.quality)
        take(segment, frame, side, time, isCrowded: isCrowded, &listener)
        return Reception(
            kept: keptBytes - kept,
            trouble: conversation.kind == .mqtt ? conversation.quality.troubles(since: quality) : []
        )
    }

    /// Neither end has begun to finish, and nothing waits behind a hole.
    @inline(__always) private var isAtRest: Bool {
        halves[0].fin == nil && halves[1].fin == nil
            && !halves[0].reassembly.hasHole && !halves[1].reassembly.hasHole
    }

    private mutating func take<O: TrafficObserver>(
        _ segment: Segment, _ frame: RawSpan, _ side: Int, _ time: Int64, isCrowded: Bool,
        _ listener: inout Listener<O>
    ) {
        if segment.flags.contains(.syn) { start(segment, side) }
        if segment.flags.contains(.ack) {
            halves[1 - side].reassembly.acknowledge(segment.acknowledgement)
        }
        let length = segment.payload.count + segment.cut
        if length > 0, !conversation.isDeaf {
            place(segment, frame, side, time, &listener)
        }
        for side in 0..<2 where halves[side].reassembly.hasHole {
            giveUpHoles(side, time, ended: isCrowded, &listener)
        }
        if isCrowded, conversation.keptBytes > Framing.undecidedLimit { conversation.abandonKept() }
        if segment.flags.contains(.fin) {
            halves[side].fin = segment.sequence &+ UInt32(truncatingIfNeeded: length)
        }
        if segment.flags.contains(.rst), isInWindow(segment, side) {
            finish(.reset, at: time, &listener)
        } else {
            noteFinished(time, &listener)
        }
    }

    /// Nothing comes after this: delivers what waits, counts what is missing, and tells the observer.
    mutating func finish<O: TrafficObserver>(
        _ ending: Ending, at time: Int64, _ listener: inout Listener<O>
    ) {
        guard !isOver else { return }
        for side in 0..<2 {
            giveUpHoles(side, time, ended: true, &listener)
            guard let fin = halves[side].fin, let next = halves[side].reassembly.next else {
                continue
            }
            let missing = Int(Int32(bitPattern: fin &- next))
            if missing > 0 { conversation.lose(missing, from: side) }
        }
        let closedByFin = halves[0].fin != nil || halves[1].fin != nil
        conversation.close(
            ending == .endOfCapture && closedByFin ? .fin : ending, at: time, &listener)
        isOver = true
    }

    /// Whether a reset can be of this connection, and not of one that had the same ports before.
    private func isInWindow(_ reset: Segment, _ side: Int) -> Bool {
        guard let next = halves[side].reassembly.next else { return true }
        return Int32(bitPattern: reset.sequence &- next).magnitude <= Reassembly.far
    }

    /// Gives up holes that are older than is waited for, though no segment came.
    mutating func relieve<O: TrafficObserver>(at time: Int64, _ listener: inout Listener<O>) {
        for side in 0..<2 where halves[side].reassembly.hasHole {
            giveUpHoles(side, time, ended: false, &listener)
        }
    }

    private mutating func start(_ segment: Segment, _ side: Int) {
        guard halves[side].syn == nil else { return }
        halves[side].syn = segment.sequence
        if !halves[side].reassembly.isStarted {
            halves[side].reassembly.start(at: segment.sequence &+ 1)
        }
        conversation.isOpened(by: segment.flags.contains(.ack) ? 1 - side : side)
    }

    private mutating func place<O: TrafficObserver>(
        _ segment: Segment, _ frame: RawSpan, _ side: Int, _ time: Int64,
        _ listener: inout Listener<O>
    ) {
        // SYN takes a number of its own.
        let sequence = segment.flags.contains(.syn) ? segment.sequence &+ 1 : segment.sequence
        let length = segment.payload.count + segment.cut
        switch halves[side].reassembly.place(sequence, length: length) {
        case .due(let seen):
            if seen > 0 { retransmitted += 1 }
            let fresh = min(seen, segment.payload.count)
            let payload = frame.extracting(segment.payload).extracting(droppingFirst: fresh)
            deliver(payload, cut: segment.cut - (seen - fresh), side, time, &listener)
        case .early:
            let wasWaiting = halves[side].reassembly.hasHole
            let isBehind = halves[side].reassembly.isBehindHeld(sequence)
            let isNew = halves[side].reassembly.hold(
                sequence, frame.extracting(segment.payload), cut: segment.cut, at: time)
            if !isNew { retransmitted += 1 } else if wasWaiting, isBehind { outOfOrder += 1 }
            deliverReady(side, time, &listener)
        case .seen: retransmitted += 1
        case .keepAlive: break
        case .elsewhere:
            giveUpHoles(side, time, ended: true, &listener)
            halves[side].reassembly.start(at: sequence)
            // How much is missing cannot be known, only that something is.
            conversation.lose(1, from: side)
            deliver(frame.extracting(segment.payload), cut: segment.cut, side, time, &listener)
        }
    }

    private mutating func deliver<O: TrafficObserver>(
        _ payload: RawSpan, cut: Int, _ side: Int, _ time: Int64, _ listener: inout Listener<O>
    ) {
        halves[side].reassembly.advance(payload.byteCount)
        if payload.byteCount > 0 { conversation.receive(payload, from: side, at: time, &listener) }
        guard cut > 0 else { return }
        halves[side].reassembly.advance(cut)
        conversation.lose(cut, from: side)
    }

    private mutating func deliverReady<O: TrafficObserver>(
        _ side: Int, _ time: Int64, _ listener: inout Listener<O>
    ) {
        while let ready = halves[side].reassembly.takeReady(at: time) {
            guard let next = halves[side].reassembly.next else { return }
            // Part of it may have been delivered by a segment that began before it.
            let seen = -ready.range(after: next).lowerBound
            let fresh = min(seen, ready.bytes.count)
            let payload = ready.bytes.span.bytes.extracting(droppingFirst: fresh)
            deliver(payload, cut: max(0, ready.cut - (seen - fresh)), side, ready.time, &listener)
        }
    }

    private mutating func giveUpHoles<O: TrafficObserver>(
        _ side: Int, _ time: Int64, ended: Bool, _ listener: inout Listener<O>
    ) {
        while let hole = halves[side].reassembly.hopelessHole(at: time, ended: ended) {
            halves[side].reassembly.advance(hole)
            conversation.lose(hole, from: side)
            deliverReady(side, time, &listener)
        }
    }

    private mutating func noteFinished<O: TrafficObserver>(
        _ time: Int64, _ listener: inout Listener<O>
    ) {
        guard halves[0].fin != nil || halves[1].fin != nil else { return }
        for side in 0..<2 {
            guard let fin = halves[side].fin, let next = halves[side].reassembly.next else {
                continue
            }
            if fin == next { halves[side].isFinished = true }
        }
        if halves[0].isFinished, halves[1].isFinished { finish(.fin, at: time, &listener) }
    }
}
