import MQTT
import Measure
import Replay
import Testing
import Traffic

@Suite struct WindowedTimelineTests {
    private func window(_ script: TimedScript, _ from: Double, _ to: Double) throws -> Played {
        let timeline = try WindowedTimeline(
            script.timeline(), from: .seconds(from), to: .seconds(to))
        let played = try Played(timeline)
        #expect(played.wrong == [])
        return played
    }

    /// Who is connected when the part begins is connected and subscribed there, and closed at its end.
    @Test func whoWasThereBeforeIsThere() throws {
        var script = TimedScript()
        script.connect("a", at: 0)
        script.subscribe("a", "x", "y/#", at: 1)
        script.publish("a", "x", at: 2)
        script.publish("a", "x", at: 11)
        script.publish("a", "x", at: 30)
        #expect(
            try window(script, 10, 20).lines == [
                "0.0 a opened", "0.0 a CONNECT", "0.0 a SUBSCRIBE x y/#",
                // A millisecond of lead-in for each client that connects.
                "1.001 a PUBLISH x q0", "10.001 a closed endOfCapture",
            ])
    }

    /// A session whose client is away keeps what comes in the part: it has to be made before.
    @Test func aSessionThatWaitsIsMade() throws {
        var script = TimedScript()
        script.connect("away", at: 0, clean: false, .sessionExpiryInterval(3_600))
        script.subscribe("away", "x", at: 1)
        script.leave("away", at: 2)
        script.connect("short", at: 0, clean: false, .sessionExpiryInterval(5))
        script.subscribe("short", "x", at: 1)
        script.leave("short", at: 2)
        script.connect("clean", at: 3)
        script.subscribe("clean", "x", at: 3)
        script.leave("clean", at: 4)
        script.connect("away", at: 15, clean: false, .sessionExpiryInterval(3_600))
        script.leave("away", at: 16)
        #expect(
            try window(script, 10, 20).lines == [
                "0.0 away opened", "0.0 away CONNECT", "0.0 away SUBSCRIBE x",
                "0.0 away DISCONNECT", "0.0 away closed disconnect", "5.001 away opened",
                "5.001 away CONNECT", "6.001 away DISCONNECT", "6.001 away closed disconnect",
            ])
    }

    /// What was unsubscribed, or ended by a clean start, is not subscribed to again.
    @Test func onlyWhatHoldsIsSubscribedTo() throws {
        var script = TimedScript()
        script.connect("a", at: 0, clean: false, .sessionExpiryInterval(3_600))
        script.subscribe("a", "old", at: 1)
        script.leave("a", at: 2)
        script.connect("a", at: 3, clean: true, .sessionExpiryInterval(3_600))
        script.subscribe("a", "new", at: 4)
        script.publish("a", "x", at: 12)
        #expect(try window(script, 10, 20).lines.contains("0.0 a SUBSCRIBE new"))
    }

    /// The broker has never heard of an alias that was set before the part.
    @Test func anAliasSetBeforeIsSetAgain() throws {
        var script = TimedScript()
        script.connect("a", at: 0)
        script.publish("a", "long/topic", at: 1, .topicAlias(1))
        script.publish("a", "", at: 11, .topicAlias(1))
        script.publish("a", "", at: 12, qos: 1, .topicAlias(1))
        let publishes = try window(script, 10, 20).publishes.map(\.publish)
        #expect(publishes.map(\.topic) == ["long/topic", ""])
        #expect(publishes.map(\.properties) == [[.topicAlias(1)], [.topicAlias(1)]])
    }
}
