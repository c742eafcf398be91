import Broker
import MQTT
import Measure
import Storage
import Testing

/// Wills of durable sessions over the end of the broker. The store is the model, and the second broker is given
/// nothing else.
@Suite struct WillRestartTests {
    private let stage = Stage()

    private func will(delay: UInt32 = 0) -> Will {
        Will(
            topic: "will/c", payload: Array("gone".utf8), qos: .atLeastOnce,
            properties: (delay > 0 ? [.willDelayInterval(delay)] : [])
                + [.contentType("text/plain"), .userProperty("site", "7")])
    }

    private let watcher: Int

    init() {
        watcher = stage.subscriber(
            "watcher", to: [Subscription(filter: "will/#", qos: .atLeastOnce)])
    }

    /// A broker on what the first one has committed, `seconds` later, and someone who hears wills.
    private func restarted(after seconds: UInt64) throws -> (Stage, watcher: Int) {
        stage.pass(.seconds(6))
        stage.settle()
        let next = Stage(on: stage.store)
        next.clock.milliseconds = stage.clock.milliseconds + seconds * 1_000
        try next.sessions.restore(at: next.now)
        return (next, next.connect("watcher", clean: false, expiry: 3_600))
    }

    /// Fails if a client that was connected at the kill is taken for one that said goodbye.
    @Test(arguments: [ProtocolVersion.v3_1_1, .v5])
    func whoWasConnectedAtTheKillIsGone(_ version: ProtocolVersion) throws {
        var will = will()
        if version < .v5 { will.properties = [] }
        _ = stage.connect("c", version: version, clean: version == .v5, expiry: 100, will: will)
        let (next, watcher) = try restarted(after: 1)
        next.pass(.seconds(1))
        let heard = next.drain(watcher)
        #expect(heard.map(\.text) == ["gone"])
        if version == .v5 {
            #expect(
                heard.first?.properties == [.contentType("text/plain"), .userProperty("site", "7")])
        }
        next.pass(.seconds(200))
        #expect(next.drain(watcher).isEmpty, "once")
    }

    /// Fails if a fleet that comes back after a restart was reported dead meanwhile.
    @Test func whoWasConnectedHasItsKeepAliveToComeBack() throws {
        _ = stage.connect("c", expiry: 100, keepAlive: 20, will: will())
        let (next, watcher) = try restarted(after: 1)
        next.pass(.seconds(29))
        #expect(next.drain(watcher).isEmpty)
        next.pass(.seconds(2))
        #expect(next.drain(watcher).map(\.text) == ["gone"])
    }

    /// Fails if the delay begins anew with the broker, or is forgotten.
    @Test func aDelayGoesOnWhileTheBrokerIsAway() throws {
        stage.cut(stage.connect("c", expiry: 100, will: will(delay: 30)))
        // Six seconds pass before the kill, and ten until the broker is back.
        let (next, watcher) = try restarted(after: 10)
        next.pass(.seconds(13))
        #expect(next.drain(watcher).isEmpty)
        next.pass(.seconds(2))
        #expect(next.drain(watcher).map(\.text) == ["gone"])
    }

    /// Fails if a client that comes back in time finds itself dead.
    @Test func whoComesBackInTimeIsAlive() throws {
        stage.cut(stage.connect("c", expiry: 100, will: will(delay: 30)))
        let (next, watcher) = try restarted(after: 10)
        _ = next.connect("c", clean: false, expiry: 100)
        next.pass(.seconds(60))
        #expect(next.drain(watcher).isEmpty)
    }

    @Test func aGoodbyeBeforeTheKillHolds() throws {
        stage.disconnect(stage.connect("c", expiry: 100, will: will()))
        let (next, watcher) = try restarted(after: 1)
        next.pass(.seconds(200))
        #expect(next.drain(watcher).isEmpty)
    }

    /// Fails if it is kept after it was published.
    @Test func whatWasPublishedBeforeTheKillIsNotPublishedAgain() throws {
        stage.cut(stage.connect("c", expiry: 100, will: will(delay: 1)))
        stage.pass(.seconds(2))
        #expect(stage.drain(watcher).map(\.text) == ["gone"])
        let (next, watcher) = try restarted(after: 1)
        next.pass(.seconds(200))
        #expect(next.drain(watcher).isEmpty)
    }

    /// [MQTT-3.1.3-9]: it is due with the end of the session. Fails if a session that ended while there was no broker
    /// takes its will with it.
    @Test func theEndOfTheSessionWhileTheBrokerIsAwayPublishesIt() throws {
        stage.cut(stage.connect("c", expiry: 100, will: will(delay: 1_000)))
        let (next, watcher) = try restarted(after: 500)
        next.pass(.seconds(1))
        #expect(next.drain(watcher).map(\.text) == ["gone"])
        #expect(next.sessions.counters.expiredSessions == 1)
    }
}
