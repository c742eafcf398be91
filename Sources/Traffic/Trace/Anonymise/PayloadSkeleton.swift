internal import Crypto

/// Replaces payloads by bytes of the same number that compress as well and hold nothing of them.
///
/// What a compressor finds in payloads are repetitions, and how often each byte stands between them. So
/// payloads are read as a compressor reads them: what repeats something repeats its replacement, and every
/// other byte is drawn at random from such bytes of payloads before, with every value exchanged for another.
/// What remains is the skeleton: lengths, and which parts equal which.
///
/// Payloads that are alike keep a window of their own, since they lie side by side where they are stored.
struct PayloadSkeleton {
    private let key: AnonymisationKey
    private var windows: [UInt64: PayloadWindow] = [:]
    /// When each was used last.
    private var used: [UInt64: Int] = [:]
    private var clock = 0

    /// Windows of 0.6 MB.
    private static let limit = 32
    /// Bytes by whose look payloads are told apart.
    private static let look = 8

    init(_ key: AnonymisationKey) { self.key = key }

    /// - Parameter levels: of the topic.
    mutating func replace(_ bytes: inout [UInt8], _ range: Range<Int>, levels: Int) {
        guard !range.isEmpty else { return }
        let kind = Self.kind(bytes[range], levels)
        clock += 1
        used[kind] = clock
        if windows[kind] == nil {
            if windows.count >= Self.limit, let oldest = used.min(by: { $0.value < $1.value })?.key
            {
                (windows[oldest], used[oldest]) = (nil, nil)
                used[kind] = clock
            }
            windows[kind] = PayloadWindow(key, kind)
        }
        // In parts that a window has room for.
        for start in stride(from: range.lowerBound, to: range.upperBound, by: PayloadWindow.size) {
            let end = min(start + PayloadWindow.size, range.upperBound)
            windows[kind]?.replace(&bytes, start..<end)
        }
    }

    /// Levels of the topic, and the first bytes with all figures alike; all that is not text is one kind.
    private static func kind(_ payload: ArraySlice<UInt8>, _ levels: Int) -> UInt64 {
        var kind = UInt64(min(levels, 255)) &+ 0x100
        for byte in payload.prefix(look) {
            guard 0x20..<0x7F ~= byte else { return UInt64(min(levels, 255)) }
            // FNV-1a
            kind = (kind ^ UInt64(0x30..<0x3A ~= byte ? 0x30 : byte)) &* 0x0000_0100_0000_01B3
        }
        return kind
    }
}

/// The payloads of one kind that came last, as they were and as they became.
private final class PayloadWindow {
    private let key: AnonymisationKey
    private let kind: UInt64
    private var original: [UInt8] = []
    private var replaced: [UInt8] = []
    /// Last place of each hash of four bytes, and of each place the one before; -1 where there is none.
    private var heads: [Int32]
    private var before: [Int32] = []
    /// What each value is exchanged for; -1 while it has not occurred.
    private var exchanged = [Int16](repeating: -1, count: 256)
    private var free: [UInt8]
    private var literals: [UInt8] = []
    private var nextLiteral = 0
    private var random: [UInt8] = []
    private var randomBlock: UInt64 = 0

    static let size = 1 << 16
    private static let hashBits: UInt32 = 14
    /// The shortest repetition that Snappy and the fast levels of zstd code.
    private static let shortest = 4
    private static let attempts = 32
    private static let remembered = 1_024

    init(_ key: AnonymisationKey, _ kind: UInt64) {
        (self.key, self.kind) = (key, kind)
        heads = [Int32](repeating: -1, count: 1 << Int(Self.hashBits))
        // Taken from the end: signs first, so that no word comes out; then what is not ASCII; letters and
        // figures last. Small values, because a code of zstd describes all values up to the largest.
        let signs = (0..<UInt8(128)).filter { !Self.isWord($0) }
        let words = (0..<UInt8(128)).filter { Self.isWord($0) }
        free = []
        for (number, group) in [words, Array(128...UInt8.max), signs].enumerated() {
            let order = group.map { ($0, key.code(.symbols, kind &+ UInt64(number), [$0]).word) }
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
                replaced[at] = literal()
                at += 1
            }
            // Byte by byte, because it may repeat itself.
            for offset in 0..<match.count { replaced[at + offset] = replaced[match.from + offset] }
            at += match.count
        }
        while at < range.upperBound {
            replaced[at] = literal()
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
        if literals.count < Self.remembered {
            literals.append(value)
        } else {
            literals[nextLiteral] = value
            nextLiteral = (nextLiteral + 1) % Self.remembered
        }
    }

    private func literal() -> UInt8 {
        guard random.count >= 2 else {
            random = key.code(.literals, randomBlock, Array("\(kind)".utf8)).bytes
            randomBlock += 1
            return literal()
        }
        let number = Int(random.removeLast()) << 8 | Int(random.removeLast())
        return literals.isEmpty
            ? UInt8(truncatingIfNeeded: number) : literals[number % literals.count]
    }
}
