/// What stands in place of bytes that repeat nothing.
///
/// At one place of payloads of a kind, equal bytes become equal and different ones different, so that counters,
/// clocks and what moves slowly go on as regularly as they did; at another place the same byte becomes another.
/// Which one is drawn at random, by the frequency of what such bytes become, so that as many values are used as
/// often.
struct LiteralSource {
    private let key: AnonymisationKey
    private let kind: PayloadKind
    private let exchanged: [UInt8]
    /// The last of each sort where something was expected, exchanged; rings.
    private var recent = [[UInt8]](repeating: [], count: ByteSort.allCases.count)
    private var oldest = [Int](repeating: 0, count: ByteSort.allCases.count)
    /// Those of the payload at hand, by sort, exchanged, that stand where nothing was expected.
    private var fresh = [[UInt8]](repeating: [], count: ByteSort.allCases.count)
    /// What bytes become at places, and what is taken there.
    private var table: [UInt32: UInt8] = [:]
    private var random: [UInt8] = []
    private var randomBlock: UInt64 = 0

    private static let remembered = 512
    /// Entries; then all are forgotten.
    private static let tableLimit = 1 << 15
    /// Draws for one that is not taken, and of them those that may not make a repetition where there was none.
    private static let draws = 24
    private static let choosyDraws = 16
    /// Values of what is no text stay among as many neighbours.
    private static let neighbours = 16

    init(_ key: AnonymisationKey, _ kind: PayloadKind) {
        (self.key, self.kind) = (key, kind)
        exchanged = Self.exchange(key, kind)
    }

    /// Begins a payload.
    mutating func begin() {
        for sort in fresh.indices { fresh[sort].removeAll(keepingCapacity: true) }
    }

    /// Takes in a byte of the payload at hand, before any is drawn.
    /// - Parameter isNew: nothing was expected where it stands.
    mutating func remember(_ byte: UInt8, at place: UInt16, isNew: Bool) {
        let sort = ByteSort(byte, isText: kind.isText).rawValue
        let value = exchanged[Int(byte)]
        if isNew {
            if table[Self.entry(place, byte)] == nil { fresh[sort].append(value) }
        } else if recent[sort].count < Self.remembered {
            recent[sort].append(value)
        } else {
            recent[sort][oldest[sort]] = value
            oldest[sort] = (oldest[sort] + 1) % Self.remembered
        }
    }

    /// Whether a byte belongs to the grammar: it becomes the same everywhere.
    func isSign(_ byte: UInt8) -> Bool { ByteSort(byte, isText: kind.isText) == .sign }

    /// What `byte` becomes at `place`, if that is known.
    func value(of byte: UInt8, at place: UInt16) -> UInt8? {
        isSign(byte) ? exchanged[Int(byte)] : table[Self.entry(place, byte)]
    }

    /// - Parameters:
    ///   - byte: one that has been remembered.
    ///   - repeats: whether a value would make a repetition where there was none.
    mutating func draw(
        for byte: UInt8, at place: UInt16, isNew: Bool, _ repeats: (UInt8) -> Bool
    ) -> UInt8 {
        if let value = value(of: byte, at: place) { return value }
        let sort = ByteSort(byte, isText: kind.isText)
        if table.count >= Self.tableLimit { table.removeAll(keepingCapacity: true) }
        let value = drawn(sort, place, isNew, repeats) ?? unused(sort, place)
        table[Self.entry(place, byte)] = value
        table[Self.taken(place, value)] = value
        return value
    }

    private mutating func drawn(
        _ sort: ByteSort, _ place: UInt16, _ isNew: Bool, _ repeats: (UInt8) -> Bool
    ) -> UInt8? {
        let sort = sort.rawValue
        let isFresh = isNew && !fresh[sort].isEmpty || recent[sort].isEmpty
        let count = isFresh ? fresh[sort].count : recent[sort].count
        guard count > 0 else { return nil }
        for draw in 0..<Self.draws {
            let index = number() % count
            let value = isFresh ? fresh[sort][index] : recent[sort][index]
            if table[Self.taken(place, value)] != nil { continue }
            if draw < Self.choosyDraws, repeats(value) { continue }
            if isFresh {
                fresh[sort].swapAt(index, count - 1)
                fresh[sort].removeLast()
            }
            return value
        }
        return nil
    }

    /// One of the sort that is not taken at `place`.
    private mutating func unused(_ sort: ByteSort, _ place: UInt16) -> UInt8 {
        let first = UInt8(truncatingIfNeeded: number())
        let bytes = (0...UInt8.max).map { $0 &+ first }.filter {
            ByteSort($0, isText: kind.isText) == sort
        }
        let free = bytes.first { table[Self.taken(place, exchanged[Int($0)])] == nil }
        return exchanged[Int(free ?? bytes[0])]
    }

    /// From 0 to 65,535.
    private mutating func number() -> Int {
        if random.count < 2 {
            random = key.code(.literals, randomBlock, Array("\(kind.number)".utf8)).bytes
            randomBlock += 1
        }
        return Int(random.removeLast()) << 8 | Int(random.removeLast())
    }

    private static func entry(_ place: UInt16, _ byte: UInt8) -> UInt32 {
        UInt32(place) << 8 | UInt32(byte)
    }

    private static func taken(_ place: UInt16, _ value: UInt8) -> UInt32 {
        1 << 24 | entry(place, value)
    }

    /// Another value for each. Letters change case and figures become signs, so that no word and no number
    /// comes out; otherwise values stay near, because a code of zstd describes which values there are.
    private static func exchange(_ key: AnonymisationKey, _ kind: PayloadKind) -> [UInt8] {
        func shuffled(_ values: [UInt8]) -> [UInt8] {
            values.map { ($0, key.code(.symbols, kind.number, [$0]).word) }
                .sorted { $0.1 < $1.1 }.map(\.0)
        }
        guard kind.isText else {
            return stride(from: 0, to: 1 << 8, by: neighbours).flatMap { first in
                shuffled((first..<first + neighbours).map { UInt8($0) })
            }
        }
        let (signs, figures) = (Array(UInt8(0x20)..<0x30), Array(UInt8(0x30)..<0x3A))
        let (capitals, small) = (Array(UInt8(0x41)..<0x5B), Array(UInt8(0x61)..<0x7B))
        let places = shuffled(signs)
        var groups: [([UInt8], [UInt8])] = [
            (figures, Array(places[..<10])), (signs, shuffled(Array(places[10...]) + figures)),
            (capitals, shuffled(small)), (small, shuffled(capitals)),
        ]
        let alone: [ClosedRange<UInt8>] = [
            0...0x1F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7F, 0x80...0xFF,
        ]
        for range in alone { groups.append((Array(range), shuffled(Array(range)))) }
        var exchanged = Array(0...UInt8.max)
        for (from, to) in groups {
            for (old, new) in zip(from, to) { exchanged[Int(old)] = new }
        }
        return exchanged
    }
}
