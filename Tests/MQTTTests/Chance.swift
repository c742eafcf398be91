/// The only source of chance in these tests (SplitMix64, Steele, Lea, Flood 2014).
struct Chance: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

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
