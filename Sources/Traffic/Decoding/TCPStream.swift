/// One TCP connection: puts both directions into order and hands them to its conversation.
final class TCPStream {
    let key: FlowKey
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

    init(_ key: FlowKey) {
        self.key = key
        conversation = Conversation(key.low, key.high)
    }

    /// What went wrong on it, if it carries MQTT.
    var quality: StreamQuality {
        var quality = conversation.quality
        quality.retransmittedSegments = retransmitted
        quality.outOfOrderSegments = outOfOrder
        return quality
    }

    /// Whether a segment with SYN is of this connection and not of one that uses the same ports again.
    func owns(syn segment: Segment, from side: Int) -> Bool {
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
    /// expected, with a CONNECT in front.
    func isForeign(_ segment: Segment, _ frame: RawSpan, from side: Int) -> Bool {
        guard let next = halves[side].reassembly.next, !segment.payload.isEmpty else {
            return false
        }
        let distance = Int32(bitPattern: segment.sequence &- next).magnitude
        return distance > 1 << 20 && Opening(frame.extracting(segment.payload)) == .connect
    }

    func receive<O: TrafficObserver>(
        _ segment: Segment, _ frame: RawSpan, from side: Int, at time: Int64,
        _ listener: inout Listener<O>
    ) {
        lastTime = max(lastTime, time)
        guard !isOver else { return }
        if segment.flags.contains(.syn) { start(segment, side) }
        if segment.flags.contains(.ack) {
            halves[1 - side].reassembly.acknowledge(segment.acknowledgement)
        }
        let length = segment.payload.count + segment.cut
        if length > 0, !conversation.isDeaf {
            take(segment, frame, side, time, &listener)
        }
        for side in 0..<2 where halves[side].reassembly.hasHole {
            giveUpHoles(side, time, ended: false, &listener)
        }
        if segment.flags.contains(.fin) {
            halves[side].fin = segment.sequence &+ UInt32(truncatingIfNeeded: length)
        }
        if segment.flags.contains(.rst) {
            finish(.reset, at: time, &listener)
        } else {
            noteFinished(time, &listener)
        }
    }

    /// Nothing comes after this: delivers what waits, counts what is missing, and tells the observer.
    func finish<O: TrafficObserver>(_ ending: Ending, at time: Int64, _ listener: inout Listener<O>)
    {
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

    private func start(_ segment: Segment, _ side: Int) {
        guard halves[side].syn == nil else { return }
        halves[side].syn = segment.sequence
        if !halves[side].reassembly.isStarted {
            halves[side].reassembly.start(at: segment.sequence &+ 1)
        }
        conversation.isOpened(by: segment.flags.contains(.ack) ? 1 - side : side)
    }

    private func take<O: TrafficObserver>(
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
            halves[side].reassembly.start(at: sequence)
            // How much is missing cannot be known, only that something is.
            conversation.lose(1, from: side)
            deliver(frame.extracting(segment.payload), cut: segment.cut, side, time, &listener)
        }
    }

    private func deliver<O: TrafficObserver>(
        _ payload: RawSpan, cut: Int, _ side: Int, _ time: Int64, _ listener: inout Listener<O>
    ) {
        halves[side].reassembly.advance(payload.byteCount)
        if payload.byteCount > 0 { conversation.receive(payload, from: side, at: time, &listener) }
        guard cut > 0 else { return }
        halves[side].reassembly.advance(cut)
        conversation.lose(cut, from: side)
    }

    private func deliverReady<O: TrafficObserver>(
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

    private func giveUpHoles<O: TrafficObserver>(
        _ side: Int, _ time: Int64, ended: Bool, _ listener: inout Listener<O>
    ) {
        while let hole = halves[side].reassembly.hopelessHole(at: time, ended: ended) {
            halves[side].reassembly.advance(hole)
            conversation.lose(hole, from: side)
            deliverReady(side, time, &listener)
        }
    }

    private func noteFinished<O: TrafficObserver>(_ time: Int64, _ listener: inout Listener<O>) {
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

/// The two ends of a TCP connection, the same for both directions.
struct FlowKey: Hashable {
    let low: Endpoint
    let high: Endpoint

    /// - Returns: the key, and which side sent the segment: 0 is `low`.
    static func of(_ segment: Segment) -> (key: FlowKey, side: Int) {
        Endpoint.precedes(segment.source, segment.destination)
            ? (FlowKey(low: segment.source, high: segment.destination), 0)
            : (FlowKey(low: segment.destination, high: segment.source), 1)
    }
}
