package import Measure

/// When each step of a timeline is due: absolute times on one clock, so that being late once does not make
/// everything after it late.
package struct Schedule: Sendable {
    /// When the beginning of the timeline is due.
    package let start: MonotonicTime
    /// Recorded time runs this many times as fast. Infinite: a step is due when the one before was sent.
    package let speed: Double
    /// What is due before this is warm-up.
    package let windowStart: MonotonicTime
    /// Nothing is sent that is due at this time or later.
    package let windowEnd: MonotonicTime

    /// - Parameter window: nil: until the timeline is over.
    package init(
        start: MonotonicTime, speed: Double, warmUp: Nanoseconds = .zero,
        window: Nanoseconds? = nil
    ) {
        precondition(speed > 0)
        self.start = start
        self.speed = speed
        windowStart = start + warmUp
        windowEnd = windowStart + (window ?? Nanoseconds(Int64(Self.latest)))
    }

    /// Whether there are times to be kept.
    package var isPaced: Bool { speed < .infinity }

    /// When what lies `offset` behind the beginning is due.
    /// - Precondition: `isPaced`.
    package func due(_ offset: Nanoseconds) -> MonotonicTime {
        precondition(isPaced)
        // In floating point, which cannot overflow: a night at any speed is exact to a microsecond.
        return start + Nanoseconds(Int64(min(Double(offset.count) / speed, Self.latest)))
    }

    package func isMeasured(_ time: MonotonicTime) -> Bool {
        windowStart <= time && time < windowEnd
    }

    /// A century, nanoseconds: nothing is due later, and sums with it stay in range.
    private static let latest = 3.15e18
}
