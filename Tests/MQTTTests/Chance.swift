import Measure

/// What these tests draw, from the project's own generator.
struct Chance: RandomNumberGenerator {
    private var generator: Seed

    init(seed: UInt64) { generator = Seed(seed) }

    mutating func next() -> UInt64 { generator.next() }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    mutating func bool() -> Bool { Bool.random(using: &self) }
    mutating func one<T>(of values: [T]) -> T { values[number(0...values.count - 1)] }
    mutating func bytes(upTo most: Int) -> [UInt8] {
        (0..<number(0...most)).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
    /// One call in five makes many, so that lengths of more than one byte are met.
    mutating func text() -> String {
        let parts = [
            "a", "Z", "0", " ", "/x", "é", "e\u{301}", "\u{FEFF}", "漢", "😀", "\u{10FFFF}", "\u{7F}",
        ]
        let count = number(0...4) == 0 ? number(40...90) : number(0...5)
        return (0..<count).map { _ in one(of: parts) }.joined()
    }
}
