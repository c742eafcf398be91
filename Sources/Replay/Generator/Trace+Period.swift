package import Measure
package import Traffic

extension Trace {
    /// Length of one pass when the trace is replayed in a loop.
    package var period: Nanoseconds { Schedule.period(last: duration, events: events.count) }
}

extension Schedule {
    /// A pass ends one average gap after its last event, so that joining the end to the beginning makes
    /// neither a pause nor a burst.
    package static func period(last: Nanoseconds, events: Int) -> Nanoseconds {
        guard events > 1 else { return max(last, .seconds(1)) }
        return Nanoseconds(last.count + max(1, last.count / Int64(events - 1)))
    }
}
