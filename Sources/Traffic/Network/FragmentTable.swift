/// Puts IP packets together again. What came first wins where fragments overlap; what is not whole after
/// `patience`, or is too much to keep, is given up and counted.
struct FragmentTable {
    /// Fragments of packets with TCP that were given up.
    private(set) var lost = 0
    private var waiting: [FragmentKey: Assembly] = [:]
    private var heldBytes = 0
    /// What was completed lately: its fragments may come again.
    private var done: [(key: FragmentKey, time: Int64)] = []
    private var doneNext = 0

    /// Bytes of all fragments, packets that are put together at once, and fragments of one packet: the
    /// longest packet in pieces of 576 bytes has 120.
    static let limit = (bytes: 4 << 20, packets: 256, pieces: 256)
    /// In nanoseconds of the capture, as long as Linux waits (ip-sysctl, `ipfrag_time`).
    static let patience: Int64 = 30_000_000_000
    /// How long fragments of a whole packet are taken for copies: long enough for a second interface, too
    /// short for a number to come round.
    private static let echo: Int64 = 1_000_000_000
    private static let longestPacket = 0xFFFF

    fileprivate struct Assembly {
        let since: Int64
        /// In order, without overlaps.
        var pieces: [(offset: Int, bytes: [UInt8])] = []
        var frames = 0
        /// Known once the last fragment was there.
        var length: Int?

        var heldBytes: Int { pieces.reduce(0) { $0 + $1.bytes.count } }
    }

    /// - Returns: what the packet carries, once it is whole.
    mutating func add(_ fragment: Fragment, _ frame: RawSpan, at time: Int64) -> [UInt8]? {
        let key = fragment.key
        if done.contains(where: { $0.key == key && abs(time - $0.time) < Self.echo }) { return nil }
        if let old = waiting[key], time - old.since > Self.patience { drop(key) }
        if waiting[key] == nil {
            if waiting.count >= Self.limit.packets { dropOldest() }
            waiting[key] = Assembly(since: time)
        }
        let end = fragment.offset + fragment.bytes.count
        guard end <= Self.longestPacket, !fragment.isCut else {
            waiting[key]?.frames += 1
            drop(key)
            return nil
        }
        waiting[key]?.add(frame.extracting(fragment.bytes), at: fragment.offset, &heldBytes)
        if fragment.isLast { waiting[key]?.end(at: end) }
        if let whole = waiting[key]?.whole() {
            remember(key, time)
            remove(key)
            return whole
        }
        if (waiting[key]?.pieces.count ?? 0) > Self.limit.pieces { drop(key) }
        while heldBytes > Self.limit.bytes { dropOldest() }
        return nil
    }

    /// Nothing comes any more.
    mutating func finish() {
        for key in Array(waiting.keys) { drop(key) }
    }

    private mutating func remember(_ key: FragmentKey, _ time: Int64) {
        let size = 64
        if done.count < size { done.append((key, time)) } else { done[doneNext] = (key, time) }
        doneNext = (doneNext + 1) % size
    }

    private mutating func dropOldest() {
        guard let oldest = waiting.min(by: { $0.value.since < $1.value.since }) else { return }
        drop(oldest.key)
    }

    private mutating func drop(_ key: FragmentKey) {
        if key.carried == IPProtocol.tcp { lost += waiting[key]?.frames ?? 0 }
        remove(key)
    }

    private mutating func remove(_ key: FragmentKey) {
        heldBytes -= waiting.removeValue(forKey: key)?.heldBytes ?? 0
    }
}

extension FragmentTable.Assembly {
    /// Keeps what of `bytes` is not there yet.
    fileprivate mutating func add(_ bytes: RawSpan, at start: Int, _ held: inout Int) {
        frames += 1
        var (from, index) = (start, 0)
        let end = start + bytes.byteCount
        while from < end {
            // The next piece that reaches beyond `from`
            while index < pieces.count, pieces[index].offset + pieces[index].bytes.count <= from {
                index += 1
            }
            let free = index < pieces.count ? min(end, pieces[index].offset) : end
            if free > from {
                let part = bytes.extracting(from - start..<free - start)
                let copy = part.withUnsafeBytes { Array($0) }
                pieces.insert((from, copy), at: index)
                held += copy.count
                index += 1
            }
            guard index < pieces.count else { return }
            from = max(free, pieces[index].offset + pieces[index].bytes.count)
        }
    }

    /// The last fragment says how long the packet is; the first that does is believed.
    fileprivate mutating func end(at length: Int) { self.length = self.length ?? length }

    fileprivate func whole() -> [UInt8]? {
        guard let length else { return nil }
        var reached = 0
        for piece in pieces {
            guard piece.offset == reached else { return nil }
            reached += piece.bytes.count
        }
        guard reached >= length else { return nil }
        return Array(pieces.flatMap(\.bytes).prefix(length))
    }
}
