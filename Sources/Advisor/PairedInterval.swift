internal import Measure

/// 95 % interval of the mean of paired log ratios: from the lower to the upper end of what the
/// bootstrap and Student's t give.
///
/// Resampled means never leave the sample, and five differences of equal configurations lie all on one
/// side once in sixteen times; the bootstrap alone called 22 of 400 simulated pairs of equal
/// configurations an improvement, where 10 are due. Student's interval has the right width for noise
/// that is normal, and the bootstrap is wider where it is skewed.
///
/// - Returns: nil for fewer than three differences.
func pairedInterval(
    _ logRatios: [Double], seed: Seed, resamples: Int
) -> Estimate? {
    guard let bootstrap = bootstrapMean(logRatios, seed: seed, resamples: resamples) else {
        return nil
    }
    let n = Double(logRatios.count)
    let centre = mean(logRatios)
    let variance = logRatios.map { ($0 - centre) * ($0 - centre) }.reduce(0, +) / (n - 1)
    let reach = studentQuantile(degrees: logRatios.count - 1) * (variance / n).squareRoot()
    return Estimate(
        value: centre, low: min(bootstrap.low, centre - reach),
        high: max(bootstrap.high, centre + reach), pairs: logRatios.count)
}
