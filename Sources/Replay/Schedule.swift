package import Measure

/// When each recorded event is due: absolute times on one clock, so that being late once does not make
/// everything after it late.
package struct Schedule: Sendable {
    /// When the first event of the first pass is due.
    package let start: MonotonicTime
    /// The recorded timeline runs this many times as fast.
    package let speed: Double
    /// Length of one pass on the recorded timeline: after it, the capture begins again.
    package let period: Nanoseconds
    /// What is due before this is warm-up.
    package let windowStart: MonotonicTime
    /// Nothing is sent that is due at this time or later.
    package let windowEnd: MonotonicTime

    /// - Parameter period: positive.
    package init(
        start: MonotonicTime, speed: Double, period: Nanoseconds, warmUp: Nanoseconds,
        window: Nanoseconds
    ) {
        precondition(period > .zero)
        precondition(speed > 0)
        self.start = start
        self.speed = speed
        self.period = period
        windowStart = start + warmUp
        windowEnd = windowStart + window
    }

    /// When an event recorded at `offset` is due in pass `pass`, counted from 0.
    package func due(_ offset: Nanoseconds, pass: Int) -> MonotonicTime {
        // In floating point, which cannot overflow: a night at any speed is exact to a microsecond.
        let recorded = Double(pass) * Double(period.count) + Double(offset.count)
        return start + Nanoseconds(Int64(min(recorded / speed, Self.latest)))
    }

    package func isMeasured(_ time: MonotonicTime) -> Bool {
        windowStart <= time && time < windowEnd
    }

    /// A century, nanoseconds: nothing is due later, and sums with it stay in range.
    private static let latest = 3.15e18

    /// A pass ends one average gap after its last event, so that joining the end to the beginning makes
    /// neither a pause nor a burst.
    package static func period(last: Nanoseconds, events: Int) -> Nanoseconds {
        guard events > 1 else { return max(last, .seconds(1)) }
        return Nanoseconds(last.count + max(1, last.count / Int64(events - 1)))
    }
}
