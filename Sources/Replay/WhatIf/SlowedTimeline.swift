internal import Measure
internal import Traffic

/// Subscribers that acknowledge later than recorded: so many times as late, and by so much on top of it.
final class SlowedTimeline: Timeline {
    private let base: any Timeline
    private let factor: Double
    private let extra: Nanoseconds

    init(_ base: any Timeline, by factor: Double = 1, extra: Nanoseconds = .zero) {
        (self.base, self.factor, self.extra) = (base, factor, extra)
    }

    var clients: [TimelineClient] { base.clients }

    func next() throws(CaptureError) -> TimelineStep? { try base.next() }

    func withPacket(_ body: (RawSpan) -> Void) { base.withPacket(body) }

    func answerDelays(of client: Int) -> [Nanoseconds?] {
        let recorded = base.answerDelays(of: client)
        // Who was delivered nothing in the recording is slow too.
        return recorded.isEmpty ? [extra] : recorded.map { $0.map(slowed) }
    }

    private func slowed(_ delay: Nanoseconds) -> Nanoseconds {
        .seconds(delay.seconds * factor) + extra
    }
}
