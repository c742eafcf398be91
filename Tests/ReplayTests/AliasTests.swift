import MQTT
import Measure
import Replay
import Testing
import Traffic

/// Topic aliases of the recording, before a broker that has other limits.
@Suite struct AliasTests {
    private static func script() -> Script {
        var script = Script()
        script.connect("a", .v5, clean: false, properties: [.sessionExpiryInterval(60)])
        script.publish("a", "site/1/temperature", properties: [.topicAlias(1), .contentType("x")])
        script.publish("a", "", properties: [.topicAlias(1), .contentType("y")])
        script.publish("a", "", qos: .atMostOnce, properties: [.topicAlias(1)])
        return script
    }

    @Test func aBrokerThatTakesThemGetsThemAsRecorded() throws {
        let broker = ScriptedBroker()
        broker.connackProperties = [.topicAliasMaximum(1)]
        let replayer = try Self.script().replay(over: broker)
        #expect(broker.publishesReceived.map(\.topic) == ["site/1/temperature", "", ""])
        #expect(replayer.recorder.sent.counts == [1, 2, 0])
    }

    @Test func aBrokerThatTakesNoneGetsTopics() throws {
        let broker = ScriptedBroker()
        _ = try Self.script().replay(over: broker)
        #expect(
            broker.publishesReceived.map(\.topic)
                == Array(repeating: "site/1/temperature", count: 3))
        #expect(
            broker.publishesReceived.map(\.properties) == [
                [.contentType("x")], [.contentType("y")], [],
            ])
        #expect(
            broker.publishesReceived.map { String(decoding: $0.payload, as: UTF8.self) } == [
                "1", "1", "1",
            ])
        #expect(broker.publishes == [1, 2, 0], "each was answered by its identifier")
    }

    /// An alias ends with its connection; what is sent again on the next one has its topic.
    @Test func repetitionsHaveTheirTopic() throws {
        let broker = ScriptedBroker()
        broker.connackProperties = [.topicAliasMaximum(10)]
        broker.ignores = [.publish]
        var script = Self.script()
        script.after(2)
        script.end("a", .reset)
        script.connect("a", .v5, clean: false, properties: [.sessionExpiryInterval(60)])
        _ = try script.replay(over: broker)
        let again = broker.publishesReceived.filter(\.dup)
        #expect(again.map(\.topic) == ["site/1/temperature", "site/1/temperature"])
        #expect(again.map(\.properties) == [[.contentType("x")], [.contentType("y")]])
    }

    @Test func anAliasThatNobodyKnowsIsNotSent() throws {
        let broker = ScriptedBroker()
        broker.connackProperties = [.topicAliasMaximum(10)]
        var script = Script()
        script.connect("a", .v5)
        script.publish("a", "", properties: [.topicAlias(4)])
        let replayer = try script.replay(over: broker)
        #expect(broker.publishesReceived.isEmpty)
        #expect(replayer.recorder.unknownAliases == 1)
        #expect(replayer.recorder.unsent == 1)
    }
}
