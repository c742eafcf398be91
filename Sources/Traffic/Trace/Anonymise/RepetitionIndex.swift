/// Where bytes stood before, as compressors look for them: by hashes of every four bytes.
struct RepetitionIndex {
    /// Last place of each hash, and of each place the one before; -1 where there is none.
    private var heads = [Int32](repeating: -1, count: 1 << Int(RepetitionIndex.bits))
    private var before: [Int32] = []

    /// The shortest repetition that Snappy and the fast levels of zstd code.
    static let shortest = 4
    private static let bits: UInt32 = 14
    private static let attempts = 32

    /// Makes room for `count` bytes more.
    mutating func grow(_ count: Int) {
        before.append(contentsOf: repeatElement(-1, count: count))
    }

    /// Notes that `at` in `bytes` may be repeated, as soon as four bytes are there.
    mutating func insert(_ at: Int, in bytes: [UInt8]) {
        guard at + Self.shortest <= bytes.count else { return }
        let hash = bytes.withUnsafeBufferPointer { Self.hash($0, at, bits: Self.bits) }
        guard heads[hash] != Int32(at) else { return }
        before[at] = heads[hash]
        heads[hash] = Int32(at)
    }

    /// The longest repetition that `at` begins in `bytes`, of such the nearest.
    /// - Returns: a count of 0 if there is none of four bytes.
    func longest(_ at: Int, in bytes: [UInt8]) -> (from: Int, count: Int) {
        guard at + Self.shortest <= bytes.count else { return (0, 0) }
        var best = (from: 0, count: 0)
        bytes.withUnsafeBufferPointer { bytes in
            before.withUnsafeBufferPointer { before in
                var place = heads[Self.hash(bytes, at, bits: Self.bits)]
                var attempts = Self.attempts
                while place >= 0, attempts > 0 {
                    let from = Int(place)
                    var count = 0
                    while at + count < bytes.count, bytes[from + count] == bytes[at + count] {
                        count += 1
                    }
                    if count > best.count { best = (from, count) }
                    place = before[from]
                    attempts -= 1
                }
            }
        }
        return best.count >= Self.shortest ? best : (0, 0)
    }

    /// The first `count` bytes are gone.
    mutating func forget(_ count: Int) {
        before.removeFirst(count)
        for index in before.indices { before[index] = max(-1, before[index] - Int32(count)) }
        for index in heads.indices { heads[index] = max(-1, heads[index] - Int32(count)) }
    }

    /// Of the four bytes from `at` on.
    static func hash(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int, bits: UInt32) -> Int {
        let word =
            UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16
            | UInt32(bytes[at + 3]) << 24
        // Knuth's multiplier: 2^32 over the golden ratio.
        return Int((word &* 2_654_435_769) >> (32 - bits))
    }
}

/// Which four bytes stand one after the other somewhere: hashes of them, one bit each.
struct KnownPieces {
    private var words = [UInt64](repeating: 0, count: 1 << Int(KnownPieces.bits - 6))

    private static let bits: UInt32 = 20

    func contains(endingAt at: Int, in bytes: [UInt8]) -> Bool {
        let piece = Self.piece(at, bytes)
        return words[piece >> 6] >> UInt64(piece & 63) & 1 != 0
    }

    mutating func insert(endingAt at: Int, in bytes: [UInt8]) {
        let piece = Self.piece(at, bytes)
        words[piece >> 6] |= 1 << UInt64(piece & 63)
    }

    mutating func removeAll() { for index in words.indices { words[index] = 0 } }

    private static func piece(_ at: Int, _ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBufferPointer {
            RepetitionIndex.hash($0, at - RepetitionIndex.shortest + 1, bits: bits)
        }
    }
}
