/// Frames in, MQTT packets out: finds the TCP connections and forgets them when they are over.
///
/// What it keeps is bounded: the connections by `FlowTable.limit`, bytes that wait on all of them by
/// `keptLimit`, fragments by their table.
struct Decoder<Observer: TrafficObserver> {
    var listener: Listener<Observer>
    var tally = FrameTally()
    /// Which capture the frames are of.
    var capture = 0
    /// Frames come from several captures, which may overlap.
    var isMerging = false
    private var copies = CopyFilter()
    private var fragments = FragmentTable()
    private var flows = FlowTable()
    /// The connection of the frame before, which is often that of the next.
    private var recent: Int?
    private var sweepAt = 1_024
    /// Bytes that wait in all connections, for what comes before them or for the rest of a packet.
    private var kept = 0
    private var relieveAt = Int64.min

    /// How long a connection that is over, or is not MQTT, is remembered, in nanoseconds of the capture:
    /// late segments must not be taken for a new one.
    private static var memory: Int64 { 120_000_000_000 }
    /// Bytes; beyond, holes are not waited for, and packets of which much is missing are given up.
    private static var keptLimit: Int { 64 << 20 }
    /// How often connections that have gone silent are asked for what they keep, in nanoseconds.
    private static var reliefInterval: Int64 { 1_000_000_000 }

    init(_ observer: Observer, keyLog: KeyLog? = nil) {
        listener = Listener(observer: observer, keyLog: keyLog)
    }

    mutating func decode(_ frame: Frame, _ bytes: RawSpan) {
        tally.count(frame, of: capture)
        switch Dissection(bytes, link: frame.link, wireLength: frame.wireLength) {
        case .segment(let segment):
            switch copies.judge(segment, bytes, frame) {
            case .new: receive(segment, bytes, frame)
            case .duplicate: tally.duplicateFrames += 1
            case .copy: tally.copiedSegments += 1
            }
        case .fragment(let fragment): receive(fragment, bytes, frame)
        case .unsupportedLink:
            tally.unsupportedFrames += 1
            tally.note(.unsupportedLink, frame, of: capture)
        case .other:
            if isMerging, copies.judge(whole: bytes, frame) == .duplicate {
                tally.duplicateFrames += 1
            }
        }
    }

    /// Ends every connection, in the order in which they were found as far as their last frame tells.
    mutating func finish() {
        for place in flows.placesByTime() { end(place, .endOfCapture) }
        flows = FlowTable()
        recent = nil
        fragments.finish()
        tally.fragments = fragments.lost
        tally.finish()
    }

    private mutating func receive(_ fragment: Fragment, _ bytes: RawSpan, _ frame: Frame) {
        let lost = fragments.lost
        var (part, depth) = (fragment, 1)
        guard var packet = fragments.add(part, bytes, at: frame.time) else {
            // Given up are those of an earlier packet, of which the last is not known any more.
            if fragments.lost > lost { tally.note(.fragment, frame, of: capture) }
            return
        }
        while true {
            switch Dissection(packet.span.bytes, of: part.key, depth: depth) {
            case .segment(let segment): return receive(segment, packet.span.bytes, frame)
            case .fragment(let inner):
                // A tunnel whose packets are in fragments carries fragments.
                depth += 1
                guard let whole = fragments.add(inner, packet.span.bytes, at: frame.time) else {
                    return
                }
                (part, packet) = (inner, whole)
            case .other, .unsupportedLink: return
            }
        }
    }

    private mutating func receive(_ segment: Segment, _ bytes: RawSpan, _ frame: Frame) {
        let (key, side) = FlowKey.of(segment)
        guard let place = place(key, segment, at: frame.time) else { return }
        let isCrowded = kept > Self.keptLimit
        var reception = flows.streams[place].receive(
            segment, bytes, from: side, at: frame.time, isCrowded: isCrowded, &listener)
        if reception == nil {
            end(place, .reset)
            flows.replace(place)
            reception = flows.streams[place].receive(
                segment, bytes, from: side, at: frame.time, isCrowded: isCrowded, &listener)
        }
        guard let reception else { return }
        kept += reception.kept
        if kept > Self.keptLimit { relieve(at: frame.time) }
        if !reception.trouble.isEmpty { tally.note(all: reception.trouble, frame, of: capture) }
    }

    private mutating func place(_ key: FlowKey, _ segment: Segment, at time: Int64) -> Int? {
        if let recent, flows.isOf(key, at: recent) { return recent }
        recent = flows.place(of: key)
        if recent == nil {
            // Without a SYN and without bytes there is nothing to be had from it yet.
            guard segment.flags.contains(.syn) || !segment.payload.isEmpty else { return nil }
            if flows.count >= sweepAt { sweep(at: time) }
            recent = flows.insert(key)
        }
        return recent
    }

    private mutating func end(_ place: Int, _ ending: Ending) {
        kept -= flows.streams[place].keptBytes
        flows.streams[place].finish(ending, at: flows.streams[place].lastTime, &listener)
        tally.count(flows.streams[place])
    }

    private mutating func forget(_ place: Int) {
        end(place, .endOfCapture)
        flows.remove(place)
        if recent == place { recent = nil }
    }

    /// Forgets what is over. Where there are too many connections at once, those go that were silent longest.
    private mutating func sweep(at time: Int64) {
        for place in flows.streams.indices where !flows.streams[place].isVacant {
            if flows.streams[place].isForgettable,
                time - flows.streams[place].lastTime > Self.memory
            {
                forget(place)
            }
        }
        if flows.count >= FlowTable.limit {
            let places = flows.placesByTime()
            let candidates =
                places.filter { flows.streams[$0].isForgettable }
                + places.filter { !flows.streams[$0].isForgettable }
            for place in candidates.prefix(FlowTable.limit / 4) {
                if !flows.streams[place].isForgettable { tally.forgottenStreams += 1 }
                forget(place)
            }
        }
        sweepAt = min(FlowTable.limit, max(1_024, flows.count * 2))
    }

    /// Gives up what connections keep that went silent with a hole.
    private mutating func relieve(at time: Int64) {
        guard time >= relieveAt else { return }
        relieveAt = time + Self.reliefInterval
        for place in flows.streams.indices where flows.streams[place].keptBytes > 0 {
            let before = flows.streams[place].keptBytes
            flows.streams[place].relieve(at: time, &listener)
            kept += flows.streams[place].keptBytes - before
        }
    }
}
