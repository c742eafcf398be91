/// The TCP connections of a capture, found by their two ends. Streams lie side by side in one array, at
/// places that are used again.
struct FlowTable {
    var streams: [TCPStream] = []
    private(set) var count = 0
    private var free: [UInt32] = []
    /// Place in `streams` plus one, 0 where free; a power of two of them, at most half used.
    private var slots = [UInt32](repeating: 0, count: 1_024)

    /// Connections that are remembered at once.
    static let limit = 1 << 17

    /// Ends are chosen by whoever made the capture: with a word that nobody knows before, they cannot be
    /// chosen to fall into one place. Nothing that is told depends on it.
    private let secret = UInt64.random(in: .min ... .max) | 1

    /// Whether the stream at `place` has these ends.
    func isOf(_ key: FlowKey, at place: Int) -> Bool { streams[place].key == key }

    func place(of key: FlowKey) -> Int? {
        var slot = self.slot(of: key)
        while slots[slot] != 0 {
            let place = Int(slots[slot]) - 1
            if streams[place].key == key { return place }
            slot = next(slot)
        }
        return nil
    }

    /// - Precondition: there is none with this key.
    mutating func insert(_ key: FlowKey) -> Int {
        if (count + 1) * 2 > slots.count { grow() }
        count += 1
        let place: Int
        if let used = free.popLast() {
            place = Int(used)
            streams[place] = TCPStream(key)
        } else {
            place = streams.count
            streams.append(TCPStream(key))
        }
        occupy(place)
        return place
    }

    /// A stream with the same ends takes the place of one that is over.
    mutating func replace(_ place: Int) { streams[place] = TCPStream(streams[place].key) }

    mutating func remove(_ place: Int) {
        var hole = slot(of: streams[place].key)
        while Int(slots[hole]) - 1 != place { hole = next(hole) }
        // What was pushed on by the one that goes moves back.
        var slot = next(hole)
        while slots[slot] != 0 {
            let home = self.slot(of: streams[Int(slots[slot]) - 1].key)
            let isPushed = (slot &- home) & (slots.count - 1) >= (slot &- hole) & (slots.count - 1)
            if isPushed {
                slots[hole] = slots[slot]
                hole = slot
            }
            slot = next(slot)
        }
        slots[hole] = 0
        streams[place] = .vacant
        free.append(UInt32(place))
        count -= 1
    }

    /// Places of all streams, oldest last frame first.
    func placesByTime() -> [Int] {
        streams.indices.filter { !streams[$0].isVacant }.sorted {
            (streams[$0].lastTime, $0) < (streams[$1].lastTime, $1)
        }
    }

    private mutating func occupy(_ place: Int) {
        var slot = self.slot(of: streams[place].key)
        while slots[slot] != 0 { slot = next(slot) }
        slots[slot] = UInt32(place + 1)
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        for place in streams.indices where !streams[place].isVacant { occupy(place) }
    }

    private func next(_ slot: Int) -> Int { (slot + 1) & (slots.count - 1) }

    private func slot(of key: FlowKey) -> Int {
        let hash = mixed(key.low.mixed ^ secret, key.high.mixed ^ MixingWord.d ^ secret)
        return Int(truncatingIfNeeded: hash) & (slots.count - 1)
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
