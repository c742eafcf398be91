internal import Measure
package import Traffic

extension Replayer {
    /// One pass over the trace as fast as the transport takes it, to count rather than to measure.
    package static func dryRun(_ trace: Trace, over transport: any Transport) {
        let replayer = Replayer(
            TraceTimeline(trace), over: transport, on: Schedule(start: .now(), speed: .infinity))
        // A timeline in memory has no bytes that could be wrong.
        _ = try? replayer.run()
    }

    /// Replays a trace that is in memory over and over, until the window is over.
    package convenience init(
        looping trace: Trace, over transport: any Transport, on schedule: Schedule,
        _ options: ReplayOptions = ReplayOptions()
    ) {
        self.init(
            LoopedTimeline { TraceTimeline(trace) }, over: transport, on: schedule, options)
    }
}
