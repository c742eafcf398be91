/// The payloads of one kind that came last, as they were and as they became.
final class PayloadWindow {
    private var original: [UInt8] = []
    private var replaced: [UInt8] = []
    /// Last place of each hash of three bytes, and of each place the one before; -1 where there is none.
    private var heads = [Int32](repeating: -1, count: 1 << Int(PayloadWindow.hashBits))
    private var before: [Int32] = []
    /// Hashes of every four bytes of `replaced`, one bit each.
    private var pieces = [UInt64](repeating: 0, count: 1 << Int(PayloadWindow.pieceBits - 6))
    private var literals: LiteralSource

    static let size = 1 << 16
    private static let hashBits: UInt32 = 14
    private static let pieceBits: UInt32 = 20
    /// The shortest repetition that any compressor codes: zstd's at its higher levels.
    private static let shortest = 3
    private static let long = 16
    private static let attempts = 16
    /// Bytes that make a repetition for Snappy and the fast levels of zstd.
    private static let piece = 4
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
        replaced.append(contentsOf: repeatElement(0, count: range.count))
        before.append(contentsOf: repeatElement(-1, count: range.count))
        // What spans the end of the payload before is known by now.
        for place in max(0, start - Self.shortest + 1)..<start { insert(place, original.count) }
        let sources = sources(start..<original.count)
        for place in start..<original.count {
            if sources[place - start] >= 0 {
                replaced[place] = replaced[Int(sources[place - start])]
            } else {
                draw(place)
            }
            note(place)
        }
        for place in start..<original.count {
            bytes[range.lowerBound + place - start] = replaced[place]
        }
    }

    /// Where each byte is repeated from; -1 where it is not. The longest repetitions come first, because a
    /// compressor gains most by them, and others take what they leave.
    private func sources(_ range: Range<Int>) -> [Int32] {
        let end = range.upperBound
        // Payloads of one kind begin alike: so the end of one repeats what was there together with the
        // beginning of the next.
        original.append(contentsOf: original[range].prefix(Self.shortest))
        var repetitions: [Repetition] = []
        var at = range.lowerBound
        while at < end {
            let match = longest(at, original.count)
            if match.count >= Self.shortest {
                repetitions.append(
                    Repetition(at: at, from: match.from, count: min(match.count, end - at)))
            }
            insert(at, end)
            at += 1
            // Inside a long one there is none that is longer.
            guard match.count >= Self.long else { continue }
            let next = min(at + match.count - Self.long / 2, end)
            while at < next {
                insert(at, end)
                at += 1
            }
        }
        original.removeLast(original.count - end)
        repetitions.sort { ($1.count, $0.at) < ($0.count, $1.at) }
        var sources = [Int32](repeating: -1, count: range.count)
        for match in repetitions {
            for offset in 0..<match.count where sources[match.at + offset - range.lowerBound] < 0 {
                sources[match.at + offset - range.lowerBound] = Int32(match.from + offset)
            }
        }
        for place in range where sources[place - range.lowerBound] < 0 {
            literals.remember(original[place])
        }
        return sources
    }

    private func draw(_ at: Int) {
        let byte = original[at]
        replaced[at] = literals.draw(for: byte)
        guard at >= Self.piece - 1, literals.varies(byte) else { return }
        var draws = 1
        while draws < Self.draws, isKnown(at) {
            replaced[at] = literals.draw(for: byte)
            draws += 1
        }
    }

    /// Whether the four bytes that end at `at` stand elsewhere.
    private func isKnown(_ at: Int) -> Bool {
        let piece = piece(endingAt: at)
        return pieces[piece >> 6] >> UInt64(piece & 63) & 1 != 0
    }

    private func note(_ at: Int) {
        guard at >= Self.piece - 1 else { return }
        let piece = piece(endingAt: at)
        pieces[piece >> 6] |= 1 << UInt64(piece & 63)
    }

    private func piece(endingAt at: Int) -> Int {
        replaced.withUnsafeBufferPointer {
            Self.hash($0, at - Self.piece + 1, Self.piece, bits: Self.pieceBits)
        }
    }

    private func longest(_ at: Int, _ end: Int) -> (from: Int, count: Int) {
        guard at + Self.shortest <= end else { return (0, 0) }
        var best = (from: 0, count: 0)
        original.withUnsafeBufferPointer { original in
            before.withUnsafeBufferPointer { before in
                var place = heads[Self.hash(original, at, Self.shortest, bits: Self.hashBits)]
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
        let hash = original.withUnsafeBufferPointer {
            Self.hash($0, at, Self.shortest, bits: Self.hashBits)
        }
        before[at] = heads[hash]
        heads[hash] = Int32(at)
    }

    private static func hash(
        _ bytes: UnsafeBufferPointer<UInt8>, _ at: Int, _ count: Int, bits: UInt32
    ) -> Int {
        var word: UInt32 = 0
        for offset in 0..<count { word = word << 8 | UInt32(bytes[at + offset]) }
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
        for place in replaced.indices { note(place) }
    }
}
