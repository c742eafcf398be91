/// What is known of a recording beside its events: which captures it came from and what was wrong with
/// them. It makes an inspection of a trace say what that of the captures said.
package struct TraceFacts: Sendable {
    /// The files that were read, oldest first.
    package var captures: [CaptureSummary]
    var tally: FrameTally

    init(_ captures: [CaptureSummary], _ tally: FrameTally) {
        self.captures = captures
        self.tally = tally
    }
}

extension FrameTally {
    /// Every counter by the name that it has in files. Names that are not here are skipped when a file is
    /// read, and counters that a file does not name are 0.
    static let counters: [(name: String, place: any WritableKeyPath<FrameTally, Int> & Sendable)] =
        [
            ("frames", \.frames),
            ("cut_frames", \.cutFrames),
            ("fragments", \.fragments),
            ("unsupported_frames", \.unsupportedFrames),
            ("duplicate_frames", \.duplicateFrames),
            ("copied_segments", \.copiedSegments),
            ("forgotten_streams", \.forgottenStreams),
            ("streams", \.streams),
            ("without_connect", \.withoutConnect),
            ("encrypted", \.encrypted),
            ("lost_bytes", \.quality.lostBytes),
            ("skipped_bytes", \.quality.skippedBytes),
            ("decoded_bytes", \.quality.decodedBytes),
            ("retransmitted_segments", \.quality.retransmittedSegments),
            ("out_of_order_segments", \.quality.outOfOrderSegments),
            ("malformed_packets", \.quality.malformedPackets),
        ]

    /// Counts several recordings as one.
    mutating func add(_ facts: TraceFacts) {
        let other = facts.tally
        for counter in Self.counters {
            self[keyPath: counter.place] += other[keyPath: counter.place]
        }
        firstTime = min(firstTime, other.firstTime)
        lastTime = max(lastTime, other.lastTime)
        notes += other.notes.filter { !notes.contains($0) }
        for (number, place) in other.places.enumerated() where places[number] == nil {
            places[number] = place.map {
                FramePlace(
                    capture: origins.count + $0.capture, frame: $0.frame, offset: $0.offset)
            }
        }
        origins += facts.captures
    }
}

extension TraceFacts {
    /// The contents of a block of facts.
    func write(to bytes: inout [UInt8]) {
        bytes.append(signed: tally.firstTime)
        bytes.append(signed: tally.lastTime)
        bytes.append(variable: UInt64(FrameTally.counters.count))
        for (name, place) in FrameTally.counters {
            bytes.append(counted: name.utf8)
            bytes.append(variable: UInt64(tally[keyPath: place]))
        }
        bytes.append(variable: UInt64(captures.count))
        for capture in captures {
            for text in [capture.path, capture.format, capture.compression, capture.linkType] {
                bytes.append(counted: text.utf8)
            }
            bytes.append(variable: UInt64(capture.frames))
            bytes.append(variable: UInt64(capture.bytes))
            bytes.append(capture.isCutOff ? 1 : 0)
        }
        bytes.append(variable: UInt64(tally.notes.count))
        for note in tally.notes { bytes.append(counted: note.utf8) }
        let places = FrameTally.Trouble.allCases.compactMap { trouble in
            tally.place(of: trouble).map { (trouble, $0) }
        }
        bytes.append(variable: UInt64(places.count))
        for (trouble, place) in places {
            bytes.append(counted: trouble.fileName.utf8)
            for number in [place.capture, place.frame, place.offset] {
                bytes.append(variable: UInt64(number))
            }
        }
    }

    init(_ bytes: RawSpan) throws(BlockFault) {
        var offset = 0
        var tally = FrameTally()
        tally.firstTime = try bytes.readSigned(at: &offset)
        tally.lastTime = try bytes.readSigned(at: &offset)
        for _ in 0..<(try bytes.readCount(at: &offset)) {
            let name = try bytes.readText(countedAt: &offset)
            let value = try bytes.readSize(at: &offset)
            guard let counter = FrameTally.counters.first(where: { $0.name == name }) else {
                continue
            }
            tally[keyPath: counter.place] = value
        }
        var captures: [CaptureSummary] = []
        for _ in 0..<(try bytes.readCount(at: &offset)) {
            captures.append(
                CaptureSummary(
                    path: try bytes.readText(countedAt: &offset),
                    format: try bytes.readText(countedAt: &offset),
                    compression: try bytes.readText(countedAt: &offset),
                    linkType: try bytes.readText(countedAt: &offset),
                    frames: try bytes.readSize(at: &offset), bytes: try bytes.readSize(at: &offset),
                    isCutOff: try bytes.readOne(at: &offset) != 0))
        }
        for _ in 0..<(try bytes.readCount(at: &offset)) {
            tally.notes.append(try bytes.readText(countedAt: &offset))
        }
        for _ in 0..<(try bytes.readCount(at: &offset)) {
            let name = try bytes.readText(countedAt: &offset)
            let place = FramePlace(
                capture: try bytes.readSize(at: &offset), frame: try bytes.readSize(at: &offset),
                offset: try bytes.readSize(at: &offset))
            tally.set(place, ofTroubleNamed: name)
        }
        // What a later version adds comes behind.
        self.init(captures, tally)
    }
}

extension FrameTally.Trouble {
    /// As files call it.
    var fileName: String {
        switch self {
        case .cut: "cut"
        case .fragment: "fragment"
        case .unsupportedLink: "unsupported_link"
        case .lost: "lost"
        case .skipped: "skipped"
        case .malformed: "malformed"
        }
    }
}

extension FrameTally {
    /// Names that are not known are passed over.
    mutating func set(_ place: FramePlace, ofTroubleNamed name: String) {
        guard let trouble = Trouble.allCases.first(where: { $0.fileName == name }) else { return }
        places[trouble.rawValue] = place
    }
}

extension RawSpan {
    /// A counter, small enough that the sum of any believable number of them is one too.
    fileprivate func readSize(at offset: inout Int) throws(BlockFault) -> Int {
        let value = try readVariable(at: &offset)
        guard value <= 1 << 53 else { throw BlockFault(why: "a counter says \(value)") }
        return Int(value)
    }
}
