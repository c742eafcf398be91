import Broker
import MQTT
import Measure
import Storage
import Testing

/// A shared group with durable members, after the broker was ended and started again on the same store.
@Suite struct SharedRestartTests {
    /// Fails if a group begins anew after a restart: what came while its members were away would be lost; or if it
    /// begins at its first message again.
    @Test func aGroupIsReadOnWhereItWas() throws {
        let stage = Stage()
        let filters = [Subscription(filter: "$share/g/t/#", qos: .atLeastOnce)]
        let member = stage.subscriber("m", to: filters)
        let sender = stage.connect("sender")
        for number in 0..<10 { stage.publish("\(number)", to: "t/x", from: sender) }
        #expect(stage.drain(member).count == 10)
        stage.disconnect(member)
        for number in 10..<20 { stage.publish("\(number)", to: "t/x", from: sender) }
        // The state of a group is committed by a timer.
        stage.pass(.seconds(6))
        let next = Stage(on: stage.store)
        next.clock.milliseconds = stage.clock.milliseconds + 1_000
        try next.sessions.restore(at: next.now)
        let back = next.connect("m", clean: false, expiry: 3_600)
        #expect(next.drain(back).map(\.text) == (10..<20).map { "\($0)" })
    }

    /// Fails if what a group had read stays behind when its last member's time is over: a group of that name that is
    /// made later would begin there.
    @Test func aGroupEndsWithItsLastMember() throws {
        let stage = Stage()
        let member = stage.subscriber(
            "m", to: [Subscription(filter: "$share/g/t/#", qos: .atLeastOnce)])
        stage.publish("1", to: "t/x", from: stage.connect("sender"))
        #expect(stage.drain(member).count == 1)
        stage.disconnect(member)
        stage.pass(.seconds(6))
        #expect(!stage.store.sessionRows(of: "\0$share/g/t/#").isEmpty)
        let next = Stage(on: stage.store)
        next.clock.milliseconds = stage.clock.milliseconds + 10_000_000
        try next.sessions.restore(at: next.now)
        next.settle()
        #expect(stage.store.sessionRows(of: "\0$share/g/t/#").isEmpty)
        #expect(stage.store.sessionRows(of: "m").isEmpty)
    }
}
