package import Measure

/// The values of a knob that a study tries, in rising order.
package enum KnobRange: Hashable, Sendable {
    /// Every power of two between the ends, both of which are one.
    case powersOfTwo(ClosedRange<Int64>)
    /// Every `step` from the lower end.
    case linear(ClosedRange<Int64>, step: Int64)
    /// Exactly these, in rising order.
    case choices([Int64])

    package var values: [Int64] {
        switch self {
        case .powersOfTwo(let ends):
            precondition(ends.lowerBound > 0)
            return sequence(first: ends.lowerBound) { $0 > ends.upperBound / 2 ? nil : $0 * 2 }
                .map { $0 }
        case .linear(let ends, let step):
            return Array(stride(from: ends.lowerBound, through: ends.upperBound, by: Int(step)))
        case .choices(let values): return values
        }
    }

    package func contains(_ value: Int64) -> Bool { values.contains(value) }

    /// One of the values, each as likely as the other.
    package func draw(using seed: inout Seed) -> Int64 {
        let values = self.values
        precondition(!values.isEmpty)
        return values[Int.random(in: values.indices, using: &seed)]
    }
}
