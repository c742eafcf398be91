import Advisor
import Foundation
import Measure
import Testing

@Suite struct JudgementTests {
    private static func judge(_ ratios: [Double]) -> Judgement.Outcome {
        Judgement(logRatios: ratios.map { log($0) }, margin: 0.03, seed: Seed(1)).outcome
    }

    @Test(arguments: [
        ([0.8, 0.79, 0.81, 0.8, 0.82], Judgement.Outcome.improves),
        // Surely below the control, and by less than matters.
        ([0.98, 0.981, 0.979, 0.98, 0.98], .equivalent),
        ([1.01, 0.99, 1.0, 1.005, 0.995], .equivalent),
        ([1.2, 1.25, 1.22, 1.19, 1.21], .worse),
        ([0.7, 1.2, 0.9, 1.1, 0.8], .inconclusive),
        // The estimate is good, the interval is not: one round carries it all.
        ([0.1, 1.0, 1.01, 0.99, 1.0], .inconclusive),
        ([0.5, 0.5], .tooFewPairs), ([], .tooFewPairs),
    ])
    func outcomeFollowsIntervalAndMargin(_ ratios: [Double], _ outcome: Judgement.Outcome) {
        #expect(Self.judge(ratios) == outcome, "\(ratios)")
    }

    /// Equal configurations: what is called an improvement is a mistake, and they have to be rare.
    @Test(arguments: [0.02, 0.1, 0.3]) func equalConfigurationsRarelyWin(_ spread: Double) {
        let simulations = 400
        let wins = (0..<simulations).filter { run in
            Self.simulated(effect: 0, spread: spread, pairs: 5, run: run).improves
        }.count
        #expect(wins <= simulations / 20, "\(wins) of \(simulations) at spread \(spread)")
    }

    @Test func realEffectOfTwentyPercentIsFound() {
        let simulations = 100
        let wins = (0..<simulations).filter { run in
            Self.simulated(effect: log(0.8), spread: 0.05, pairs: 5, run: run).improves
        }.count
        #expect(wins >= 95, "\(wins) of \(simulations)")
    }

    private static func simulated(
        effect: Double, spread: Double, pairs: Int, run: Int
    ) -> Judgement {
        var seed = Seed(7).branch("run \(run)")
        func normal() -> Double {
            (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &seed) }
        }
        let logRatios = (0..<pairs).map { _ in effect + spread * (normal() - normal()) }
        return Judgement(
            logRatios: logRatios, margin: 0.03, seed: seed.branch("bootstrap"), resamples: 1_000)
    }

    @Test func intervalIsToldInWords() {
        let estimate = Estimate(value: log(0.8), low: log(0.75), high: log(1.02), pairs: 5)
        #expect(
            estimate.sentence
                == "20.0 % lower (95 % interval: 25.0 % lower to 2.0 % higher, 5 pairs)")
    }
}
