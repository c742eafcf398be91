import Foundation
import Measure
import Testing

@Suite struct StatisticsTests {
    /// Values of R's `qt(0.975, df)`.
    @Test(arguments: [
        (1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (5, 2.5706), (7, 2.3646), (9, 2.2622),
        (20, 2.0860), (100, 1.9840),
    ]) func studentQuantileAgreesWithTheTable(_ degrees: Int, _ expected: Double) {
        #expect(abs(studentQuantile(degrees: degrees) - expected) < 0.003 * expected)
    }

    @Test(arguments: [(0.0, 0.5), (1.959964, 0.975), (-1.644854, 0.05)])
    func normalShareAgreesWithTheTable(_ z: Double, _ share: Double) {
        #expect(abs(normalBelow(z) - share) < 1e-6)
    }

    @Test func quantileInterpolatesBetweenOrderStatistics() {
        #expect(quantile([4, 1, 3, 2], 0.5) == 2.5)
        #expect(quantile([1, 2, 3, 4, 5], 0) == 1)
        #expect(quantile([1, 2, 3, 4, 5], 1) == 5)
        #expect(quantile([7], 0.99) == 7)
    }

    @Test func twoPairsGiveNoInterval() {
        #expect(bootstrapMean([0.1, 0.2], seed: Seed(1)) == nil)
    }

    /// The reason for the expanded percentiles: of intervals that promise 95 %, at five normal
    /// differences about 95 % must hold the truth. The plain percentile bootstrap holds it in some 82 %.
    @Test(arguments: [5, 8]) func intervalsOfFewPairsHoldTheTruthAsOftenAsTheyPromise(_ pairs: Int)
    {
        var seed = Seed(20_151)
        var held = 0
        let studies = 400
        for _ in 0..<studies {
            let differences = (0..<pairs).map { _ in 0.1 + 0.05 * gaussian(&seed) }
            guard
                let estimate = bootstrapMean(
                    differences, seed: seed.branch("bootstrap"), resamples: 2_000)
            else { continue }
            if estimate.low <= 0.1, 0.1 <= estimate.high { held += 1 }
        }
        #expect(held > studies * 90 / 100, "\(held) of \(studies)")
    }

    private func gaussian(_ seed: inout Seed) -> Double {
        let u = Double.random(in: 1e-12..<1, using: &seed),
            v = Double.random(in: 0..<1, using: &seed)
        return (-2 * log(u)).squareRoot() * cos(2 * .pi * v)
    }
}
