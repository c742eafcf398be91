package import Measure
package import Traffic

extension Trace {
    /// Length of one pass when the trace is replayed in a loop.
    package var period: Nanoseconds { Schedule.period(last: duration, events: events.count) }
}
