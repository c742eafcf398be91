/// The payloads of one kind that came last, as they were and as they became.
final class PayloadWindow {
    private var original: [UInt8] = []
    private var replaced: [UInt8] = []
    /// Last place of each hash of four bytes, and of each place the one before; -1 where there is none.
    private var heads = [Int32](repeating: -1, count: 1 << Int(PayloadWindow.hashBits))
    private var before: [Int32] = []
    /// Hashes of every four bytes of `replaced`, one bit each.
    private var pieces = [UInt64](repeating: 0, count: 1 << Int(PayloadWindow.pieceBits - 6))
    private var literals: LiteralSource

    static let size = 1 << 16
    private static let hashBits: UInt32 = 14
    private static let pieceBits: UInt32 = 20
    /// The shortest repetition that Snappy and the fast levels of zstd code.
    private static let shortest = 4
    private static let attempts = 32
    /// Draws for a byte before it may make a repetition where there was none.
    private static let draws = 8

    private struct Repetition {
        let at: Int
        let from: Int
        let count: Int
    }

    init(_ key: AnonymisationKey, _ kind: PayloadKind) { literals = LiteralSource(key, kind) }

    func replace(_ bytes: inout [UInt8], _ range: Range<Int>) {
        if original.count + range.count > 2 * Self.size { slide() }
        let start = original.count
        original.append(contentsOf: bytes[range])
        let end = original.count
        before.append(contentsOf: repeatElement(-1, count: range.count))
        replaced.append(contentsOf: repeatElement(0, count: range.count))
        write(repetitions(start..<end), start..<end)
        for place in start..<end { bytes[range.lowerBound + place - start] = replaced[place] }
    }

    /// What repeats something, in order.
    private func repetitions(_ range: Range<Int>) -> [Repetition] {
        var repetitions: [Repetition] = []
        var at = range.lowerBound
        while at < range.upperBound {
            var match = longest(at, range.upperBound)
            insert(at, range.upperBound)
            guard match.count >= Self.shortest else {
                literals.remember(original[at])
                at += 1
                continue
            }
            // One byte later there may be a longer one.
            if at + 1 < range.upperBound {
                let later = longest(at + 1, range.upperBound)
                if later.count > match.count + 1 {
                    repetitions.append(Repetition(at: at, from: match.from, count: 1))
                    at += 1
                    match = later
                    insert(at, range.upperBound)
                }
            }
            repetitions.append(Repetition(at: at, from: match.from, count: match.count))
            for place in at + 1..<at + match.count { insert(place, range.upperBound) }
            at += match.count
        }
        return repetitions
    }

    private func write(_ repetitions: [Repetition], _ range: Range<Int>) {
        var at = range.lowerBound
        for match in repetitions {
            while at < match.at { draw(&at, range.lowerBound) }
            // Byte by byte, because it may repeat itself.
            for offset in 0..<match.count {
                replaced[at + offset] = replaced[match.from + offset]
                note(at + offset, range.lowerBound)
            }
            at += match.count
        }
        while at < range.upperBound { draw(&at, range.lowerBound) }
    }

    private func draw(_ at: inout Int, _ start: Int) {
        let byte = original[at]
        replaced[at] = literals.draw(for: byte)
        if at >= start + 3, literals.varies(byte) {
            var draws = 1
            while draws < Self.draws, isKnown(at) {
                replaced[at] = literals.draw(for: byte)
                draws += 1
            }
        }
        note(at, start)
        at += 1
    }

    /// Whether the four bytes that end at `at` stand elsewhere.
    private func isKnown(_ at: Int) -> Bool {
        let piece = piece(endingAt: at)
        return pieces[piece >> 6] >> UInt64(piece & 63) & 1 != 0
    }

    private func note(_ at: Int, _ start: Int) {
        guard at >= start + 3 else { return }
        let piece = piece(endingAt: at)
        pieces[piece >> 6] |= 1 << UInt64(piece & 63)
    }

    private func piece(endingAt at: Int) -> Int {
        replaced.withUnsafeBufferPointer { Self.hash($0, at - 3, bits: Self.pieceBits) }
    }

    private func longest(_ at: Int, _ end: Int) -> (from: Int, count: Int) {
        guard at + Self.shortest <= end else { return (0, 0) }
        var best = (from: 0, count: 0)
        original.withUnsafeBufferPointer { original in
            before.withUnsafeBufferPointer { before in
                var place = heads[Self.hash(original, at, bits: Self.hashBits)]
                var attempts = Self.attempts
                while place >= 0, attempts > 0 {
                    let from = Int(place)
                    var count = 0
                    while at + count < end, original[from + count] == original[at + count] {
                        count += 1
                    }
                    if count > best.count { best = (from, count) }
                    place = before[from]
                    attempts -= 1
                }
            }
        }
        return best
    }

    private func insert(_ at: Int, _ end: Int) {
        guard at + Self.shortest <= end else { return }
        let hash = original.withUnsafeBufferPointer { Self.hash($0, at, bits: Self.hashBits) }
        before[at] = heads[hash]
        heads[hash] = Int32(at)
    }

    private static func hash(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int, bits: UInt32) -> Int {
        let word =
            UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16
            | UInt32(bytes[at + 3]) << 24
        // Knuth's multiplier: 2^32 over the golden ratio.
        return Int((word &* 2_654_435_769) >> (32 - bits))
    }

    /// Forgets the older half.
    private func slide() {
        let gone = max(0, original.count - Self.size)
        original.removeFirst(gone)
        replaced.removeFirst(gone)
        before.removeFirst(gone)
        for index in before.indices { before[index] = max(-1, before[index] - Int32(gone)) }
        for index in heads.indices { heads[index] = max(-1, heads[index] - Int32(gone)) }
        for index in pieces.indices { pieces[index] = 0 }
        for place in replaced.indices { note(place, 0) }
    }
}
