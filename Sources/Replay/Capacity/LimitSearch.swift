/// Finds the highest speed that holds, by trying speeds: doubles or halves until one holds and one does not, bisects
/// between the two, then repeats both, because near the edge one run is an accident.
///
/// A value without I/O: it says what to try, and is told what came of it. Whatever it says follows from what was tried.
package struct LimitSearch: Sendable {
    package struct Try: Sendable, Equatable {
        package let speed: Double
        package let held: Bool

        package init(speed: Double, held: Bool) { (self.speed, self.held) = (speed, held) }
    }

    private let first: Double
    /// The search is over when what breaks is at most so many times what holds.
    private let tolerance: Double
    /// So often the two are tried in the end.
    private let repeats: Int
    private let range: ClosedRange<Double>
    private let most: Int
    package private(set) var tries: [Try] = []

    package init(
        from first: Double, tolerance: Double = 1.1, repeats: Int = 3,
        within range: ClosedRange<Double> = 0.01...1_000_000, most: Int = 30
    ) {
        precondition(range.contains(first))
        precondition(tolerance > 1)
        precondition(repeats >= 1)
        (self.first, self.tolerance, self.repeats) = (first, tolerance, repeats)
        (self.range, self.most) = (range, most)
    }

    /// What to try next; nil when there is nothing left to learn.
    package func next() -> Double? {
        guard tries.count < most else { return nil }
        switch (highestHeld, lowestBroken) {
        case (nil, nil): return first
        case (let held?, nil): return within(held * 2)
        case (nil, let broken?): return within(broken / 2)
        case (let held?, let broken?):
            if broken / held > tolerance { return (held * broken).squareRoot() }
            return [held, broken].first { speed in tries(at: speed).count < repeats }
        }
    }

    package mutating func tried(_ speed: Double, held: Bool) {
        tries.append(Try(speed: speed, held: held))
    }

    /// The lowest speed that does not hold.
    package var lowestBroken: Double? { speeds.first { !holds($0) } }

    /// The highest speed below it that does.
    package var highestHeld: Double? {
        let limit = lowestBroken ?? .infinity
        return speeds.last { $0 < limit && holds($0) }
    }

    /// In how many of how many tries a speed held.
    package func count(at speed: Double) -> (held: Int, of: Int) {
        let tries = tries(at: speed)
        return (tries.count { $0.held }, tries.count)
    }

    /// A speed holds if it did so more often than not.
    private func holds(_ speed: Double) -> Bool {
        let count = count(at: speed)
        return 2 * count.held > count.of
    }

    private func tries(at speed: Double) -> [Try] { tries.filter { $0.speed == speed } }

    private var speeds: [Double] { Set(tries.map(\.speed)).sorted() }

    private func within(_ speed: Double) -> Double? { range.contains(speed) ? speed : nil }
}
