package import Measure
package import Traffic

/// A timeline in which no second holds more connections and packets than a target is to be given: what would be too
/// much is planned for later, so the replay stays an open loop and counts latencies from when it was to send.
///
/// Its offsets are real time: the speed is in them, so it is replayed at speed 1.
package final class CappedTimeline: Timeline {
    private let base: any Timeline
    private let speed: Double
    private var window: RateWindow
    private var last = Nanoseconds.zero
    /// A century, nanoseconds, as in `Schedule`.
    private static let latest = 3.15e18
    /// Steps that were planned for later.
    package private(set) var postponed = 0
    /// By how much at most.
    package private(set) var longest = Nanoseconds.zero

    /// - Parameter speed: of the replay; infinite plans everything as early as the cap lets it.
    package init(_ base: any Timeline, perSecond cap: Int, speed: Double) {
        precondition(speed > 0)
        self.base = base
        self.speed = speed
        window = RateWindow(perSecond: cap)
    }

    package var clients: [TimelineClient] { base.clients }

    package func next() throws(CaptureError) -> TimelineStep? {
        guard var step = try base.next() else { return nil }
        let planned = Nanoseconds(
            Int64(min(Double(step.offset.count) / speed, Self.latest)))
        step.offset = max(planned, last)
        switch step.kind {
        case .opened, .packet:
            step.offset = Nanoseconds(window.earliest(from: step.offset.count))
            window.add(step.offset.count)
        case .closed: break
        }
        last = step.offset
        // At infinite speed there was no time that it could be later than.
        if speed.isFinite, step.offset > planned {
            postponed += 1
            longest = max(longest, step.offset - planned)
        }
        return step
    }

    package func withPacket(_ body: (RawSpan) -> Void) { base.withPacket(body) }

    package func answerDelays(of client: Int) -> [Nanoseconds?] { base.answerDelays(of: client) }
}
