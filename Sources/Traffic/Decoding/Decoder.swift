/// Frames in, MQTT packets out: finds the TCP connections and forgets them when they are over.
struct Decoder<Observer: TrafficObserver> {
    var listener: Listener<Observer>
    private(set) var tally = FrameTally()
    private var streams: [FlowKey: TCPStream] = [:]
    /// The connection of the frame before, which is often that of the next.
    private var recent: TCPStream?
    private var sweepAt = 1_024

    /// How long a connection that is over, or is not MQTT, is remembered, in nanoseconds of the capture:
    /// late segments must not be taken for a new one.
    private static var memory: Int64 { 120_000_000_000 }

    init(_ observer: Observer, keyLog: KeyLog? = nil) {
        listener = Listener(observer: observer, keyLog: keyLog)
    }

    mutating func decode(_ frame: Frame, _ bytes: RawSpan) {
        tally.count(frame)
        switch Dissection(bytes, link: frame.link, wireLength: frame.wireLength) {
        case .segment(let segment): receive(segment, bytes, at: frame.time)
        case .fragment: tally.fragments += 1
        case .unsupportedLink: tally.unsupportedFrames += 1
        case .other: break
        }
    }

    /// Ends every connection, in the order in which they were found as far as their last frame tells.
    mutating func finish() {
        for stream in streams.values.sorted(by: { $0.lastTime < $1.lastTime }) {
            end(stream, .endOfCapture)
        }
        streams = [:]
        recent = nil
    }

    private mutating func receive(_ segment: Segment, _ bytes: RawSpan, at time: Int64) {
        let (key, side) = FlowKey.of(segment)
        guard let stream = stream(key, side, segment, bytes, time) else { return }
        stream.receive(segment, bytes, from: side, at: time, &listener)
    }

    private mutating func stream(
        _ key: FlowKey, _ side: Int, _ segment: Segment, _ bytes: RawSpan, _ time: Int64
    ) -> TCPStream? {
        let known = recent?.key == key ? recent : streams[key]
        if let known {
            let isNew =
                segment.flags.contains(.syn)
                ? !known.owns(syn: segment, from: side)
                : known.isForeign(segment, bytes, from: side)
            guard isNew else {
                recent = known
                return known
            }
            end(known, .reset)
        } else if !segment.flags.contains(.syn), segment.payload.isEmpty {
            // Nothing to be had from it yet.
            return nil
        }
        if streams.count >= sweepAt { sweep(at: time) }
        let stream = TCPStream(key)
        streams[key] = stream
        recent = stream
        return stream
    }

    private mutating func end(_ stream: TCPStream, _ ending: Ending) {
        stream.finish(ending, at: stream.lastTime, &listener)
        tally.count(stream)
    }

    private mutating func sweep(at time: Int64) {
        for (key, stream) in streams {
            let isIdle = time - stream.lastTime > Self.memory
            guard isIdle, stream.isOver || stream.conversation.kind != .mqtt else { continue }
            end(stream, .endOfCapture)
            streams[key] = nil
        }
        sweepAt = max(1_024, streams.count * 2)
    }
}

/// What was in the frames, before anything is known of MQTT.
struct FrameTally {
    private(set) var frames = 0
    /// Frames of which the capture holds only the beginning.
    private(set) var cutFrames = 0
    var fragments = 0
    var unsupportedFrames = 0
    private(set) var firstTime = Int64.max
    private(set) var lastTime = Int64.min
    /// TCP connections that carry MQTT, and those of them without a CONNECT.
    private(set) var streams = 0
    private(set) var withoutConnect = 0
    private(set) var encrypted = 0
    private(set) var quality = StreamQuality()
    var layers = LayerTally()

    mutating func count(_ frame: Frame) {
        frames += 1
        if frame.isCut { cutFrames += 1 }
        firstTime = min(firstTime, frame.time)
        lastTime = max(lastTime, frame.time)
    }

    mutating func count(_ stream: TCPStream) {
        switch stream.conversation.kind {
        case .mqtt:
            guard stream.conversation.hasPackets else { return }
            streams += 1
            if !stream.conversation.connectSeen { withoutConnect += 1 }
            quality.add(stream.quality)
        case .encrypted: encrypted += 1
        case .undecided, .other: break
        }
    }
}
