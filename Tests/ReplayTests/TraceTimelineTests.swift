import MQTT
import Measure
import Replay
import TestSupport
import Testing
import Traffic

@Suite struct TraceTimelineTests {
    private static func timeline() throws -> TraceTimeline {
        TraceTimeline(try Trace.load(captures: [Folder.capture]).trace)
    }

    /// Client to broker the capture has 1126 / 323 / 592 PUBLISHes.
    @Test func onePassHoldsWhatWasOnTheWire() throws {
        let timeline = try Self.timeline()
        #expect(try Tally(timeline).publishes == [1126, 323, 592])
    }

    /// 99 CONNECTs are of fewer clients: who comes back is the one who left.
    @Test func aClientThatReturnsIsTheSame() throws {
        let timeline = try Self.timeline()
        let tally = try Tally(timeline)
        #expect(tally.packets[.connect] == 99)
        #expect(tally.opened == 99)
        #expect(Set(timeline.clients.map(\.clientID)).count == timeline.clients.count)
        #expect(timeline.clients.count < 99)
    }

    @Test func everyConnectionEndsAndTimeNeverGoesBack() throws {
        let tally = try Tally(try Self.timeline())
        #expect(tally.opened == tally.closed.values.reduce(0, +))
        #expect(tally.stillOpen.isEmpty)
        #expect(tally.isOrdered)
    }
}
