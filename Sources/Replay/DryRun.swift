internal import Measure
package import Traffic

extension Replayer {
    /// One pass over the trace as fast as the transport takes it, to count rather than to measure.
    package static func dryRun(_ trace: Trace, over transport: any Transport) {
        let schedule = Schedule(
            start: .now(), speed: 1, period: trace.period, warmUp: .zero, window: .zero)
        Replayer(trace, over: transport, on: schedule).runOnce()
    }
}
