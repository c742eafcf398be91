import Measure
import Replay
import Testing

@Suite struct LimitSearchTests {
    /// Runs a search against a broker that holds what `holds` says.
    private static func search(
        from first: Double, most: Int = 30, _ holds: (Double, Int) -> Bool
    ) -> LimitSearch {
        var search = LimitSearch(from: first, most: most)
        while let speed = search.next() {
            search.tried(speed, held: holds(speed, search.tries.count))
        }
        return search
    }

    @Test(arguments: [0.05, 0.7, 1, 1.5, 37, 900.0], [0.1, 1, 64])
    func theLimitIsBracketedToATenth(_ limit: Double, _ first: Double) throws {
        let search = Self.search(from: first) { speed, _ in speed <= limit }
        let held = try #require(search.highestHeld), broken = try #require(search.lowestBroken)
        #expect(held <= limit && limit < broken)
        #expect(broken / held <= 1.1)
        // Near the edge one run is an accident.
        #expect(search.count(at: held) == (3, 3))
        #expect(search.count(at: broken) == (0, 3))
    }

    /// One lucky run above the limit is voted down by its repeats.
    @Test func anAccidentDoesNotDecide() throws {
        var accidents = 1
        let search = Self.search(from: 1) { speed, _ in
            if speed > 10, speed < 11, accidents > 0 {
                accidents -= 1
                return true
            }
            return speed <= 10
        }
        let held = try #require(search.highestHeld)
        #expect(held <= 10)
        #expect(search.count(at: held).of >= 3)
    }

    @Test func whatNeverBreaksEndsAtTheHighestSpeed() {
        let search = Self.search(from: 1) { _, _ in true }
        #expect(search.lowestBroken == nil)
        #expect(search.highestHeld.map { $0 > 500_000 } == true)
    }

    @Test func whatNeverHoldsEndsAtTheLowest() {
        let search = Self.search(from: 1) { _, _ in false }
        #expect(search.highestHeld == nil)
        #expect(search.lowestBroken.map { $0 < 0.02 } == true)
    }

    /// A broker that holds by chance must not be tried for ever.
    @Test(arguments: [1, 2, 3] as [UInt64]) func theSearchEnds(_ root: UInt64) {
        var seed = Seed(root)
        let search = Self.search(from: 1, most: 30) { _, _ in seed.next() % 2 == 0 }
        #expect(search.tries.count <= 30, "seed \(root)")
    }
}

@Suite struct ObjectiveTests {
    @Test func anObjectiveIsReadAsItIsWritten() {
        #expect(Objective("puback_p99<20ms") == Objective(.puback, .p99, below: .milliseconds(20)))
        #expect(
            Objective("durable_p999<1.5s")
                == Objective(.durable, .p999, below: .milliseconds(1_500))
        )
        #expect(
            Objective("delivery_max<900us") == Objective(.delivery, .max, below: .microseconds(900))
        )
    }

    @Test(arguments: [
        "", "puback_p99", "puback_p99<", "puback_p99<20", "puback_p99<-1ms", "puback_p99>20ms",
        "puback<20ms", "puback_p98<20ms", "lag_p99<20ms", "puback_p99<20ms<3ms", "puback_p99<nanms",
        "puback_p99<9999999s",
    ]) func whatIsNoneIsRefused(_ text: String) { #expect(Objective(text) == nil) }

    /// Nothing measured is nothing kept.
    @Test func withoutSamplesItIsNotMet() {
        let objective = Objective(.puback, .p99, below: .milliseconds(20))
        var histogram = LatencyHistogram()
        #expect(!objective.isMet(by: histogram))
        histogram.record(.milliseconds(19))
        #expect(objective.isMet(by: histogram))
        for _ in 0..<10 { histogram.record(.milliseconds(21)) }
        #expect(!objective.isMet(by: histogram))
    }
}
