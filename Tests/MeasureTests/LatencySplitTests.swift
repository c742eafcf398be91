import Measure
import Testing

@Suite struct LatencySplitTests {
    private static func spent(_ times: [LatencySplit.Part: Int64]) -> LatencySplit.Spent {
        var spent = LatencySplit.Spent()
        for (part, time) in times { spent[part] = .microseconds(time) }
        return spent
    }

    @Test func theCulpritIsThePartThatHasMost() {
        #expect(Self.spent([.generator: 1, .stall: 9, .storageWrite: 3]).culprit == .stall)
        #expect(Self.spent([.batchWait: 10, .stall: 9]).culprit == .batchWait)
        #expect(LatencySplit.Spent().culprit == .generator)
    }

    /// Two clocks that were read in another order must not take time from another part.
    @Test func nothingIsNegative() {
        #expect(Self.spent([.session: -5, .batchWait: 3]).total == .microseconds(3))
    }

    @Test func theSlowestHaveTheirOwnCulprit() {
        var split = LatencySplit()
        for _ in 0..<990 { split.record(Self.spent([.batchWait: 100])) }
        for _ in 0..<10 { split.record(Self.spent([.batchWait: 100, .stall: 50_000])) }
        #expect(split.count == 1_000)
        let slowest = split.slowest(0.01)
        #expect(slowest.count == 10)
        #expect(slowest.from <= .microseconds(50_100))
        // A step is an eighth of a power of two.
        #expect(slowest.from > .microseconds(44_000))
        let stall = slowest.shares.first { $0.part == .stall }
        #expect(stall?.culpritOf == 10)
        #expect(stall.map { $0.time > 0.99 } == true)
        #expect(split.all.first { $0.part == .batchWait }?.culpritOf == 990)
    }

    @Test(arguments: [0, 1, 15, 16, 17, 31, 32, 1_000, 123_456, 3_600_000_000_000] as [Int64])
    func aStepBeginsAtOrBelowItsLatencies(_ nanoseconds: Int64) {
        var split = LatencySplit()
        var spent = LatencySplit.Spent()
        spent[.session] = Nanoseconds(nanoseconds)
        split.record(spent)
        let from = split.slowest(1).from.count
        #expect(from <= nanoseconds && nanoseconds - from <= nanoseconds / 8)
    }

    @Test func sumsAreWhatOneWouldHaveCounted() {
        var one = LatencySplit(), a = LatencySplit(), b = LatencySplit()
        var seed = Seed(7)
        for round in 0..<1_000 {
            let time = Int64(seed.next() % 1_000_000)
            let spent = Self.spent([.session: time, .storageWrite: time / 2])
            one.record(spent)
            if round % 3 == 0 { a.record(spent) } else { b.record(spent) }
        }
        a.add(b)
        #expect(a.all == one.all)
        #expect(a.slowest(0.01).shares == one.slowest(0.01).shares)
    }
}
