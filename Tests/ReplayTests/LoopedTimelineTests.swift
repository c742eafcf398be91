import MQTT
import Measure
import Replay
import TestSupport
import Testing
import Traffic

@Suite struct LoopedTimelineTests {
    /// Steps one second apart: the second pass begins one second after the first, and whoever was connected
    /// has hung up by then.
    @Test func theSeamIsOneMeanGap() throws {
        var script = TimedScript()
        script.connect("a", at: 0)
        for second in 1...5 { script.publish("a", "x", at: Double(second)) }
        let timeline = LoopedTimeline(for: .seconds(9.5)) { script.timeline() }
        let played = try Played(timeline)
        #expect(
            played.lines.filter { !$0.contains("PUBLISH") } == [
                "0.0 a opened", "0.0 a CONNECT", "5.0 a closed endOfCapture",
                // Eight steps in five seconds.
                "5.714 a opened", "5.714 a CONNECT", "9.5 a closed endOfCapture",
            ])
        #expect(played.publishes.count == 5 + 3)
        #expect(timeline.passes == 1)
        #expect(timeline.clients.count == 1)
    }

    @Test func passesAreTheSame() throws {
        let recording = try Recording(captures: [Folder.capture])
        let span = recording.span.seconds
        let timeline = LoopedTimeline(for: .seconds(2.5 * span)) { recording.timeline() }
        var known = 0
        var clientsShrank = false
        let tally = try Tally(
            Watched(timeline) { clients in
                if clients < known { clientsShrank = true }
                known = clients
            })
        #expect(timeline.passes == 2)
        #expect(tally.impossible.isEmpty)
        #expect(tally.isOrdered)
        #expect(tally.opened == tally.closed.values.reduce(0, +))
        #expect(!clientsShrank)
        #expect(timeline.clients == (try Self.clients(recording)))
        #expect(tally.publishes[0] > 2 * 1_126 && tally.publishes[0] < 3 * 1_126)
    }

    private static func clients(_ recording: Recording) throws -> [TimelineClient] {
        let timeline = recording.timeline()
        while try timeline.next() != nil {}
        return timeline.clients
    }

    /// A recording of one moment does not go round for ever.
    @Test func oneMomentHasNoSecondPass() throws {
        var script = TimedScript()
        script.connect("a", at: 0)
        script.close("a", .fin, at: 0)
        let timeline = LoopedTimeline(for: .seconds(5)) { script.timeline() }
        #expect(try Played(timeline).lines.count == 3)
    }
}

/// Tells after each step how many clients there are.
private final class Watched: Timeline {
    private let base: any Timeline
    private let tell: (Int) -> Void

    init(_ base: any Timeline, _ tell: @escaping (Int) -> Void) {
        (self.base, self.tell) = (base, tell)
    }

    var clients: [TimelineClient] { base.clients }

    func next() throws(CaptureError) -> TimelineStep? {
        defer { tell(base.clients.count) }
        return try base.next()
    }

    func withPacket(_ body: (RawSpan) -> Void) { base.withPacket(body) }
}
