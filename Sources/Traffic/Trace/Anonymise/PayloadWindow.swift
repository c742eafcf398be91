/// The payloads of one kind that came last, as they were and as they became.
final class PayloadWindow {
    private let key: AnonymisationKey
    private let kind: PayloadKind
    private var original: [UInt8] = []
    private var replaced: [UInt8] = []
    /// Last place of each hash of four bytes, and of each place the one before; -1 where there is none.
    private var heads: [Int32]
    private var before: [Int32] = []
    /// What each value is exchanged for; -1 while it has not occurred.
    private var exchanged = [Int16](repeating: -1, count: 256)
    private var free: [UInt8]
    /// What stood between repetitions last, exchanged, by sort.
    private var literals = [[UInt8]](repeating: [], count: PayloadWindow.sorts)
    private var nextLiteral = [Int](repeating: 0, count: PayloadWindow.sorts)
    private var random: [UInt8] = []
    private var randomBlock: UInt64 = 0

    static let size = 1 << 16
    private static let hashBits: UInt32 = 14
    /// The shortest repetition that Snappy and the fast levels of zstd code.
    private static let shortest = 4
    private static let attempts = 32
    private static let remembered = 512
    private static let sorts = 4

    init(_ key: AnonymisationKey, _ kind: PayloadKind) {
        (self.key, self.kind) = (key, kind)
        heads = [Int32](repeating: -1, count: 1 << Int(Self.hashBits))
        // Taken from the end: signs first, so that no word comes out; then what is not ASCII; letters and
        // figures last. Small values, because a code of zstd describes all values up to the largest.
        let signs = (0..<UInt8(128)).filter { !Self.isWord($0) }
        let words = (0..<UInt8(128)).filter { Self.isWord($0) }
        free = []
        for (number, group) in [words, Array(128...UInt8.max), signs].enumerated() {
            let order = group.map { ($0, key.code(.symbols, kind.number &+ UInt64(number), [$0]).word) }
            free += order.sorted { $0.1 < $1.1 }.map(\.0)
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        0x30..<0x3A ~= byte || 0x41..<0x5B ~= byte || 0x61..<0x7B ~= byte
    }

    func replace(_ bytes: inout [UInt8], _ range: Range<Int>) {
        if original.count + range.count > 2 * Self.size { slide() }
        let start = original.count
        original.append(contentsOf: bytes[range])
        let end = original.count
        before.append(contentsOf: repeatElement(-1, count: range.count))
        replaced.append(contentsOf: repeatElement(0, count: range.count))
        var repeats: [(at: Int, from: Int, count: Int)] = []
        var at = start
        while at < end {
            var match = longest(at, end)
            insert(at, end)
            guard match.count >= Self.shortest else {
                remember(original[at])
                at += 1
                continue
            }
            // One byte later there may be a longer one.
            if at + 1 < end {
                let later = longest(at + 1, end)
                if later.count > match.count + 1 {
                    remember(original[at])
                    at += 1
                    match = later
                    insert(at, end)
                }
            }
            repeats.append((at, match.from, match.count))
            for place in at + 1..<at + match.count { insert(place, end) }
            at += match.count
        }
        write(repeats, start..<end)
        replaced.withUnsafeBufferPointer { replaced in
            for place in start..<end { bytes[range.lowerBound + place - start] = replaced[place] }
        }
    }

    private func write(_ repeats: [(at: Int, from: Int, count: Int)], _ range: Range<Int>) {
        var at = range.lowerBound
        for match in repeats {
            while at < match.at {
                replaced[at] = literal(original[at])
                at += 1
            }
            // Byte by byte, because it may repeat itself.
            for offset in 0..<match.count { replaced[at + offset] = replaced[match.from + offset] }
            at += match.count
        }
        while at < range.upperBound {
            replaced[at] = literal(original[at])
            at += 1
        }
    }

    private func longest(_ at: Int, _ end: Int) -> (from: Int, count: Int) {
        guard at + Self.shortest <= end else { return (0, 0) }
        var best = (from: 0, count: 0)
        original.withUnsafeBufferPointer { original in
            before.withUnsafeBufferPointer { before in
                var place = heads[Self.hash(original, at)]
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
        let hash = original.withUnsafeBufferPointer { Self.hash($0, at) }
        before[at] = heads[hash]
        heads[hash] = Int32(at)
    }

    private static func hash(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int) -> Int {
        let word =
            UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16
            | UInt32(bytes[at + 3]) << 24
        // Knuth's multiplier: 2^32 over the golden ratio.
        return Int((word &* 2_654_435_769) >> (32 - hashBits))
    }

    /// Forgets the older half.
    private func slide() {
        let gone = max(0, original.count - Self.size)
        original.removeFirst(gone)
        replaced.removeFirst(gone)
        before.removeFirst(gone)
        for index in before.indices { before[index] = max(-1, before[index] - Int32(gone)) }
        for index in heads.indices { heads[index] = max(-1, heads[index] - Int32(gone)) }
    }

    private func remember(_ byte: UInt8) {
        if exchanged[Int(byte)] < 0 {
            exchanged[Int(byte)] = Int16(free.popLast() ?? byte)
        }
        let value = UInt8(truncatingIfNeeded: exchanged[Int(byte)])
        let sort = sort(byte)
        if literals[sort].count < Self.remembered {
            literals[sort].append(value)
        } else {
            literals[sort][nextLiteral[sort]] = value
            nextLiteral[sort] = (nextLiteral[sort] + 1) % Self.remembered
        }
    }

    /// Figures stand among figures in a text, and compress as such; in other data nothing is known.
    private func sort(_ byte: UInt8) -> Int {
        guard kind.isText else { return 0 }
        return switch byte {
        case 0x30..<0x3A: 1
        case 0x61..<0x7B: 2
        case 0x41..<0x5B: 3
        default: 0
        }
    }

    private func literal(_ byte: UInt8) -> UInt8 {
        let sort = sort(byte)
        // Signs are the grammar of a text, which repeats for itself.
        if sort == 0, kind.isText { return UInt8(truncatingIfNeeded: exchanged[Int(byte)]) }
        guard random.count >= 2 else {
            random = key.code(.literals, randomBlock, Array("\(kind.number)".utf8)).bytes
            randomBlock += 1
            return literal(byte)
        }
        let number = Int(random.removeLast()) << 8 | Int(random.removeLast())
        let seen = literals[sort]
        return seen.isEmpty ? UInt8(truncatingIfNeeded: number) : seen[number % seen.count]
    }
}
