/// One direction of a TCP connection, put back into order. It decides where a segment belongs and keeps
/// those that came too early; it does not know what the bytes mean.
///
/// What was captured first wins where segments overlap, as at a receiver that had it first. A hole is
/// waited for while the capture may still bring it, then given up.
struct Reassembly {
    /// The sequence number that is due; nil before anything was seen.
    private(set) var next: UInt32?
    /// Came before its turn; in order of sequence, without overlaps.
    private var held: [HeldSegment] = []
    private(set) var heldBytes = 0
    /// When the present hole was last known to be no hole, or to be closing.
    private var holeSince: Int64 = 0
    /// The highest acknowledgement the other end has sent.
    private var acknowledged: UInt32?

    /// Bytes and segments kept per direction; beyond, the oldest hole is given up.
    static let heldLimit = (bytes: 1 << 20, segments: 1_024)
    /// How long a hole is waited for, in nanoseconds of the capture: what the receiver acknowledged can only
    /// be late in the file, anything else may be sent again.
    static let patience = (acknowledged: Int64(1_000_000_000), sent: Int64(30_000_000_000))
    /// A segment that begins farther away than any window is of another connection, or so much is missing
    /// that nothing can be said of it.
    static let far: UInt32 = 16 << 20

    enum Place: Equatable {
        /// The first `seen` bytes were there before, the rest is due now.
        case due(seen: Int)
        /// Comes after a hole, or between segments that are held.
        case early
        /// Holds nothing new.
        case seen
        /// One byte before what is due, sent to see whether the other end is alive.
        case keepAlive
        /// Has nothing to do with what was expected.
        case elsewhere
    }

    var hasHole: Bool { !held.isEmpty }
    var isStarted: Bool { next != nil }

    mutating func start(at sequence: UInt32) {
        self = Reassembly()
        next = sequence
    }

    /// Where a segment of `length` bytes belongs, of which the first, if it is the first ever, is due.
    mutating func place(_ sequence: UInt32, length: Int) -> Place {
        guard let next else {
            self.next = sequence
            return .due(seen: 0)
        }
        let distance = Int32(bitPattern: sequence &- next)
        if distance.magnitude > Self.far { return .elsewhere }
        if distance > 0 || distance == 0 && !held.isEmpty { return .early }
        if distance == 0 { return .due(seen: 0) }
        let seen = -Int(distance)
        if seen >= length { return distance == -1 ? .keepAlive : .seen }
        return held.isEmpty ? .due(seen: seen) : .early
    }

    /// `count` bytes at the front have been delivered or are known to be lost.
    mutating func advance(_ count: Int) {
        next = next.map { $0 &+ UInt32(truncatingIfNeeded: count) }
    }

    mutating func acknowledge(_ sequence: UInt32) {
        if let acknowledged, Int32(bitPattern: sequence &- acknowledged) <= 0 { return }
        acknowledged = sequence
    }

    /// Whether a segment comes after one in the capture that follows it.
    func isBehindHeld(_ sequence: UInt32) -> Bool {
        held.last.map { Int32(bitPattern: $0.sequence &- sequence) > 0 } ?? false
    }

    /// Keeps what of an early segment is not held yet.
    /// - Returns: whether there was anything new.
    mutating func hold(_ sequence: UInt32, _ payload: RawSpan, cut: Int, at time: Int64) -> Bool {
        guard let next else { return false }
        let before = heldBytes
        if held.isEmpty { holeSince = time }
        var from = max(0, Int(Int32(bitPattern: sequence &- next)))
        let shift = from - Int(Int32(bitPattern: sequence &- next))
        guard shift <= payload.byteCount else { return false }
        var rest = payload.extracting(droppingFirst: shift)
        var index = 0
        while index < held.count, !rest.isEmpty {
            let there = held[index].range(after: next)
            if there.upperBound <= from {
                index += 1
                continue
            }
            let free = min(rest.byteCount, max(0, there.lowerBound - from))
            if free > 0 {
                insert(rest.extracting(first: free), cut: 0, from: from, at: index, time)
                index += 1
            }
            let used = min(rest.byteCount, there.upperBound - from)
            rest = rest.extracting(droppingFirst: used)
            from += used
            index += 1
        }
        if !rest.isEmpty || cut > 0 { insert(rest, cut: cut, from: from, at: index, time) }
        return heldBytes > before
    }

    private mutating func insert(
        _ bytes: RawSpan, cut: Int, from: Int, at index: Int, _ time: Int64
    ) {
        guard let next else { return }
        let sequence = next &+ UInt32(truncatingIfNeeded: from)
        let copy = bytes.withUnsafeBytes { Array($0) }
        held.insert(HeldSegment(sequence: sequence, bytes: copy, cut: cut, time: time), at: index)
        heldBytes += copy.count
    }

    /// The next held segment if it is its turn, at `time`.
    mutating func takeReady(at time: Int64) -> HeldSegment? {
        guard let next, let first = held.first, first.range(after: next).lowerBound <= 0 else {
            return nil
        }
        held.removeFirst()
        heldBytes -= first.bytes.count
        holeSince = time
        return first
    }

    /// Bytes to the first held segment if the hole before it is not waited for any longer.
    /// - Parameter ended: nothing will come any more.
    func hopelessHole(at time: Int64, ended: Bool) -> Int? {
        guard let next, let first = held.first else { return nil }
        let hole = first.range(after: next).lowerBound
        let waited = time - holeSince
        let isAcknowledged =
            acknowledged.map { Int32(bitPattern: $0 &- next) >= Int32(clamping: hole) } ?? false
        let patience = isAcknowledged ? Self.patience.acknowledged : Self.patience.sent
        let isFull = heldBytes > Self.heldLimit.bytes || held.count > Self.heldLimit.segments
        return ended || isFull || waited > patience ? hole : nil
    }
}

/// A segment that waits for what comes before it.
struct HeldSegment {
    let sequence: UInt32
    let bytes: [UInt8]
    /// As `Segment.cut`.
    let cut: Int
    /// Of the frame that brought it.
    let time: Int64

    /// Counted from sequence number `next`.
    func range(after next: UInt32) -> Range<Int> {
        let start = Int(Int32(bitPattern: sequence &- next))
        return start..<start + bytes.count
    }
}
