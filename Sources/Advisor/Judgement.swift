internal import Foundation
package import Measure
internal import Study

/// Whether a finalist is better than what the user has. Rests on the confirmation alone: fresh runs,
/// each paired with the control of its round.
package struct Judgement: Equatable, Sendable {
    package enum Outcome: String, Sendable {
        /// The whole interval is below the control, and the estimate beyond the margin.
        case improves
        /// The whole interval is within the margin.
        case equivalent
        /// The whole interval is above the control, and the estimate beyond the margin.
        case worse
        /// The interval allows for both.
        case inconclusive
        /// Fewer than three rounds could be compared.
        case tooFewPairs = "too_few_pairs"
        /// It did not make durable all that it accepted.
        case losesMessages = "loses_messages"
        /// It did not end, twice in a row.
        case crashes
    }

    package let outcome: Outcome
    /// Of ln(finalist / control) of the objective; nil with fewer than three pairs.
    package let estimate: Estimate?
    /// On the ratio.
    package let margin: Double

    package init(outcome: Outcome, estimate: Estimate?, margin: Double) {
        self.outcome = outcome
        self.estimate = estimate
        self.margin = margin
    }

    /// - Parameter logRatios: of the rounds where both trials rank.
    package init(logRatios: [Double], margin: Double, seed: Seed, resamples: Int = 20_000) {
        guard let estimate = pairedInterval(logRatios, seed: seed, resamples: resamples) else {
            self.init(outcome: .tooFewPairs, estimate: nil, margin: margin)
            return
        }
        // Symmetric in the logarithm: 3 % better is as far from equal as 3 % worse.
        let tolerance = log(1 + margin)
        let outcome: Outcome =
            if estimate.high < 0, estimate.value < -tolerance {
                .improves
            } else if estimate.low > 0, estimate.value > tolerance {
                .worse
            } else if estimate.low >= -tolerance, estimate.high <= tolerance {
                .equivalent
            } else {
                .inconclusive
            }
        self.init(outcome: outcome, estimate: estimate, margin: margin)
    }

    package var improves: Bool { outcome == .improves }
}

extension Estimate {
    /// The estimate as ratios: finalist over control.
    package var ratio: (value: Double, low: Double, high: Double) {
        (exp(value), exp(low), exp(high))
    }

    /// Of logarithms of ratios, in words:
    /// `12.3 % lower (95 % interval: 15.0 % lower to 9.1 % lower, 5 pairs)`.
    package var sentence: String {
        let (value, low, high) = ratio
        return "\(Self.words(value)) (95 % interval: \(Self.words(low)) to \(Self.words(high)), "
            + "\(pairs) pairs)"
    }

    private static func words(_ ratio: Double) -> String {
        let change = Figures.change(ofRatio: ratio)
        let size = change.dropFirst()
        return change.hasPrefix("±")
            ? "equal" : size + (change.hasPrefix("−") ? " lower" : " higher")
    }
}
