/// What stands in place of bytes that repeat nothing: drawn at random from such bytes of payloads before, with
/// every value exchanged for another.
struct LiteralSource {
    private let key: AnonymisationKey
    private let kind: PayloadKind
    private let exchanged: [UInt8]
    /// The last of each sort, exchanged; rings.
    private var seen = [[UInt8]](repeating: [], count: Sort.allCases.count)
    private var oldest = [Int](repeating: 0, count: Sort.allCases.count)
    private var random: [UInt8] = []
    private var randomBlock: UInt64 = 0

    private static let remembered = 512

    /// Figures stand among figures in a text, and compress as such; of other data nothing is known.
    private enum Sort: Int, CaseIterable {
        case sign, figure, small, capital, foreign, any

        init(_ byte: UInt8, isText: Bool) {
            guard isText else {
                self = .any
                return
            }
            self =
                switch byte {
                case 0x30..<0x3A: .figure
                case 0x61..<0x7B: .small
                case 0x41..<0x5B: .capital
                case 0x80...: .foreign
                default: .sign
                }
        }
    }

    init(_ key: AnonymisationKey, _ kind: PayloadKind) {
        (self.key, self.kind) = (key, kind)
        exchanged = kind.isText ? Self.exchange(key, kind) : Array(0...UInt8.max)
    }

    mutating func remember(_ byte: UInt8) {
        let sort = Sort(byte, isText: kind.isText).rawValue
        let value = exchanged[Int(byte)]
        if seen[sort].count < Self.remembered {
            seen[sort].append(value)
        } else {
            seen[sort][oldest[sort]] = value
            oldest[sort] = (oldest[sort] + 1) % Self.remembered
        }
    }

    /// Whether `draw` may give something else when it is asked again.
    func varies(_ byte: UInt8) -> Bool {
        let sort = Sort(byte, isText: kind.isText)
        return sort != .sign && seen[sort.rawValue].count > 1
    }

    /// - Parameter byte: one that has been remembered.
    mutating func draw(for byte: UInt8) -> UInt8 {
        let sort = Sort(byte, isText: kind.isText)
        // Signs are the grammar of a text.
        if sort == .sign { return exchanged[Int(byte)] }
        if random.count < 2 {
            random = key.code(.literals, randomBlock, Array("\(kind.number)".utf8)).bytes
            randomBlock += 1
        }
        let number = Int(random.removeLast()) << 8 | Int(random.removeLast())
        let seen = seen[sort.rawValue]
        return seen[number % seen.count]
    }

    /// Another value for each. Letters change case and figures become signs, so that no word and no number
    /// comes out; otherwise values stay near, because a code of zstd describes which values there are.
    private static func exchange(_ key: AnonymisationKey, _ kind: PayloadKind) -> [UInt8] {
        func shuffled(_ values: [UInt8]) -> [UInt8] {
            values.map { ($0, key.code(.symbols, kind.number, [$0]).word) }
                .sorted { $0.1 < $1.1 }.map(\.0)
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
