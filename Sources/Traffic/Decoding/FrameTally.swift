/// What was in the frames, before anything is known of MQTT.
struct FrameTally {
    var frames = 0
    /// Frames of which the capture holds only the beginning.
    var cutFrames = 0
    /// Fragments of IP packets with TCP of which the rest never came.
    var fragments = 0
    var unsupportedFrames = 0
    /// Frames that the captures hold twice, as where they overlap; read once.
    var duplicateFrames = 0
    /// TCP segments that were captured twice on their way, as with `-i any`; read once.
    var copiedSegments = 0
    /// Connections that were given up because there were too many at once.
    var forgottenStreams = 0
    var firstTime = Int64.max
    var lastTime = Int64.min
    /// TCP connections that carry MQTT, and those of them without a CONNECT.
    var streams = 0
    var withoutConnect = 0
    var encrypted = 0
    var quality = StreamQuality()
    /// What lay between TCP and MQTT.
    var layers = LayerTally()
    /// Of the files beside their frames.
    var notes: [String] = []
    /// The captures that traces were made of; empty for captures, which are their own.
    var origins: [CaptureSummary] = []
    /// Where each kind of trouble was met first.
    var places: [FramePlace?] = Trouble.allCases.map { _ in nil }

    /// What may be wrong with a frame, or turn out to be wrong when it comes.
    enum Trouble: Int, CaseIterable {
        case cut
        case fragment
        case unsupportedLink
        case lost
        case skipped
        case malformed
    }

    /// What may turn out to be wrong when a segment comes.
    struct Troubles: OptionSet {
        let rawValue: UInt8

        static let lost = Troubles(rawValue: 1)
        static let skipped = Troubles(rawValue: 2)
        static let malformed = Troubles(rawValue: 4)
    }

    mutating func note(all troubles: Troubles, _ frame: Frame, of capture: Int) {
        if troubles.contains(.lost) { note(.lost, frame, of: capture) }
        if troubles.contains(.skipped) { note(.skipped, frame, of: capture) }
        if troubles.contains(.malformed) { note(.malformed, frame, of: capture) }
    }

    mutating func count(_ frame: Frame, of capture: Int) {
        frames += 1
        if frame.isCut {
            cutFrames += 1
            note(.cut, frame, of: capture)
        }
        guard frame.isTimed else { return }
        firstTime = min(firstTime, frame.time)
        lastTime = max(lastTime, frame.time)
    }

    /// Nothing comes any more: where no frame had a time, the capture took none.
    mutating func finish() {
        if firstTime > lastTime { (firstTime, lastTime) = (0, 0) }
    }

    mutating func note(_ trouble: Trouble, _ frame: Frame, of capture: Int) {
        guard places[trouble.rawValue] == nil else { return }
        places[trouble.rawValue] = FramePlace(
            capture: capture, frame: frame.number, offset: frame.offset)
    }

    func place(of trouble: Trouble) -> FramePlace? { places[trouble.rawValue] }

    mutating func count(_ stream: borrowing TCPStream) {
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

extension StreamQuality {
    /// What has gone up.
    func troubles(since before: StreamQuality) -> FrameTally.Troubles {
        var troubles: FrameTally.Troubles = []
        if lostBytes != before.lostBytes { troubles.insert(.lost) }
        if skippedBytes != before.skippedBytes { troubles.insert(.skipped) }
        if malformedPackets != before.malformedPackets { troubles.insert(.malformed) }
        return troubles
    }
}
