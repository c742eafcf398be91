import MQTT
import Measure
import Testing

/// When a will is published, and when not.
@Suite struct WillTests {
    private func stage() -> (Stage, watcher: Int) {
        let stage = Stage()
        let watcher = stage.subscriber(
            "watcher", to: [Subscription(filter: "will/#", qos: .atLeastOnce)])
        return (stage, watcher)
    }

    private func will(delay: UInt32 = 0) -> Will {
        Will(
            topic: "will/c", payload: Array("gone".utf8), qos: .atLeastOnce,
            properties: delay > 0 ? [.willDelayInterval(delay)] : [])
    }

    @Test func aBrokenLinkPublishesIt() {
        let (stage, watcher) = stage()
        stage.cut(stage.connect("c", will: will()))
        #expect(stage.drain(watcher).map(\.text) == ["gone"])
        stage.pass(.seconds(1))
        #expect(stage.drain(watcher).isEmpty, "once")
    }

    @Test func aClientBeforeVersion5HasOneToo() {
        let (stage, watcher) = stage()
        stage.cut(stage.connect("c", version: .v3_1_1, will: will()))
        #expect(stage.drain(watcher).map(\.text) == ["gone"])
    }

    @Test func aMalformedPacketPublishesIt() {
        let (stage, watcher) = stage()
        let client = stage.connect("c", will: will())
        stage.send([0x36, 0x00], on: client)
        #expect(stage.drain(watcher).map(\.text) == ["gone"])
    }

    @Test func aNormalGoodbyeDoesNot() {
        let (stage, watcher) = stage()
        stage.disconnect(stage.connect("c", will: will()))
        #expect(stage.drain(watcher).isEmpty)
    }

    /// [MQTT-3.14.4-3]: reason 0x04, Disconnect with Will Message.
    @Test func aGoodbyeWithWillDoes() {
        let (stage, watcher) = stage()
        stage.disconnect(stage.connect("c", will: will()), code: 0x04)
        #expect(stage.drain(watcher).map(\.text) == ["gone"])
    }

    @Test func aDelayIsKept() {
        let (stage, watcher) = stage()
        stage.cut(stage.connect("c", expiry: 100, will: will(delay: 10)))
        stage.pass(.seconds(9.8))
        #expect(stage.drain(watcher).isEmpty)
        stage.pass(.seconds(0.3))
        let published = stage.drain(watcher)
        #expect(published.map(\.text) == ["gone"])
        #expect(published.map(\.properties) == [[]], "the delay is not a property of the message")
    }

    /// [MQTT-3.1.3-9]: the end of the session comes first.
    @Test func theEndOfTheSessionEndsTheDelay() {
        let (stage, watcher) = stage()
        stage.cut(stage.connect("c", expiry: 5, will: will(delay: 1_000)))
        stage.pass(.seconds(4.8))
        #expect(stage.drain(watcher).isEmpty)
        stage.pass(.seconds(0.4))
        #expect(stage.drain(watcher).map(\.text) == ["gone"])
    }

    @Test func returningCancelsIt() {
        let (stage, watcher) = stage()
        stage.cut(stage.connect("c", expiry: 100, will: will(delay: 10)))
        stage.pass(.seconds(5))
        _ = stage.connect("c", clean: false, expiry: 100)
        stage.pass(.seconds(50))
        #expect(stage.drain(watcher).isEmpty)
    }

    /// Starting anew ends the session that the will belongs to.
    @Test func startingAnewPublishesItAtOnce() {
        let (stage, watcher) = stage()
        stage.cut(stage.connect("c", expiry: 100, will: will(delay: 10)))
        _ = stage.connect("c", clean: true, expiry: 100)
        #expect(stage.drain(watcher).map(\.text) == ["gone"])
        stage.pass(.seconds(50))
        #expect(stage.drain(watcher).isEmpty)
    }

    @Test func aTakeoverPublishesItUnlessItWaits() {
        let (stage, watcher) = stage()
        _ = stage.connect("c", expiry: 100, will: will())
        _ = stage.connect("c", clean: false, expiry: 100, will: will(delay: 10))
        #expect(stage.drain(watcher).map(\.text) == ["gone"])
        _ = stage.connect("c", clean: false, expiry: 100)
        stage.pass(.seconds(50))
        #expect(stage.drain(watcher).isEmpty)
    }
}
