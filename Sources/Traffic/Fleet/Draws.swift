internal import Glibc
internal import Measure

/// What a fleet draws, beyond whole numbers.
extension Seed {
    /// Uniform in 0..<1, of 53 bits.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Uniform in 0..<`count`.
    mutating func below(_ count: Int) -> Int {
        precondition(count > 0)
        return Int(next().multipliedFullWidth(by: UInt64(count)).high)
    }

    /// The time to the next event of a Poisson process whose events are `mean` apart.
    mutating func exponential(mean: Double) -> Double { -mean * log(1 - unit()) }

    /// Standard normal, by Box and Muller; the second value is not kept, so that a draw is two numbers.
    mutating func normal() -> Double {
        let radius = sqrt(-2 * log(1 - unit()))
        return radius * cos(2 * .pi * unit())
    }

    /// The place of one of `weights`, each as likely as it is heavy.
    mutating func place(in weights: [Double]) -> Int {
        var left = unit() * weights.reduce(0, +)
        for (place, weight) in weights.enumerated() {
            left -= weight
            if left < 0 { return place }
        }
        return weights.count - 1
    }
}

/// How a figure varies from draw to draw. Times are in nanoseconds, sizes in bytes; who holds it says which.
enum Spread: Hashable, Sendable {
    case constant(Double)
    case uniform(Double, Double)
    /// The logarithm is normal; given by its median and the value that one draw of a hundred exceeds.
    case logNormal(p50: Double, p99: Double)

    /// The 99th percentile of the standard normal distribution.
    private static let normal99 = 2.326_347_874_040_841
    /// A log-normal tail has no end; this many times its p99 is one.
    private static let tail = 10.0

    func draw(_ seed: inout Seed) -> Double {
        switch self {
        case .constant(let value): value
        case .uniform(let low, let high): low + (high - low) * seed.unit()
        case .logNormal(let p50, let p99):
            min(p50 * exp(log(p99 / p50) / Self.normal99 * seed.normal()), p99 * Self.tail)
        }
    }

    /// No draw is larger.
    var most: Double {
        switch self {
        case .constant(let value): value
        case .uniform(_, let high): high
        case .logNormal(_, let p99): p99 * Self.tail
        }
    }

    func time(_ seed: inout Seed) -> Int64 { Int64(draw(&seed)) }
}
