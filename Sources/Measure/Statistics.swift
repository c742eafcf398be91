internal import RealModule

/// The `q`-quantile (0…1) of `values` with linear interpolation between order statistics (type 7 of
/// Hyndman and Fan 1996).
/// - Precondition: `values` is not empty.
package func quantile(_ values: [Double], _ q: Double) -> Double {
    precondition(!values.isEmpty)
    precondition((0...1).contains(q))
    let sorted = values.sorted()
    let place = q * Double(sorted.count - 1)
    let below = Int(place)
    guard below + 1 < sorted.count else { return sorted[sorted.count - 1] }
    return sorted[below] + (place - Double(below)) * (sorted[below + 1] - sorted[below])
}

/// - Precondition: `values` is not empty.
package func mean(_ values: [Double]) -> Double {
    precondition(!values.isEmpty)
    return values.reduce(0, +) / Double(values.count)
}

/// An estimate with an interval.
package struct Estimate: Codable, Equatable, Sendable {
    package let value: Double
    package let low: Double
    package let high: Double
    /// How many paired differences it rests on.
    package let pairs: Int

    package init(value: Double, low: Double, high: Double, pairs: Int) {
        self.value = value
        self.low = low
        self.high = high
        self.pairs = pairs
    }
}

/// 95 % interval of the mean of `differences` by the *expanded* percentile bootstrap.
///
/// The plain percentile bootstrap is too narrow for the handful of pairs that a night affords (at five
/// pairs it covers about 82 %). Hesterberg ("What Teachers Should Know About the Bootstrap", The American
/// Statistician 69, 2015, section 4.3) widens the percentiles to Φ(−t√(n/(n−1))) with Student's t of n−1
/// degrees of freedom; that is done here.
///
/// - Returns: nil for fewer than three differences: two points do not show a spread.
package func bootstrapMean(
    _ differences: [Double], seed: Seed, resamples: Int = 20_000
) -> Estimate? {
    let n = differences.count
    guard n >= 3 else { return nil }
    var seed = seed
    var means: [Double] = []
    means.reserveCapacity(resamples)
    for _ in 0..<resamples {
        var sum = 0.0
        for _ in 0..<n { sum += differences[Int.random(in: 0..<n, using: &seed)] }
        means.append(sum / Double(n))
    }
    let factor = (Double(n) / Double(n - 1)).squareRoot()
    let tail = normalBelow(-studentQuantile(degrees: n - 1) * factor)
    return Estimate(
        value: mean(differences), low: quantile(means, tail), high: quantile(means, 1 - tail),
        pairs: n)
}

/// Φ(z), the share of the standard normal distribution below `z`.
package func normalBelow(_ z: Double) -> Double { Double.erfc(-z / 2.0.squareRoot()) / 2 }

/// The 97.5 % quantile of Student's t, by Cornish–Fisher expansion around the normal quantile
/// (Abramowitz and Stegun 26.7.5) from five degrees of freedom, where it is within 0.2 %; below, the
/// exact values of their table 26.10.
package func studentQuantile(degrees: Int) -> Double {
    precondition(degrees >= 1)
    let small = [12.7062, 4.3027, 3.1824, 2.7764]
    if degrees <= small.count { return small[degrees - 1] }
    let z = 1.959964, n = Double(degrees)
    let z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z
    return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n)
        + (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * n * n * n)
}
