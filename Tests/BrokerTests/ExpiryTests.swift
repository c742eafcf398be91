import Broker
import MQTT
import Measure
import Testing

/// The Message Expiry Interval (MQTT 5.0, 3.3.2.3.3).
@Suite struct ExpiryTests {
    private static func intervals(_ messages: [Publish]) -> [UInt32] {
        messages.flatMap(\.properties).compactMap {
            if case .messageExpiryInterval(let seconds) = $0 { seconds } else { nil }
        }
    }

    /// [MQTT-3.3.2-6]: what waited in storage comes with what is left. Fails if the interval is passed on as it came.
    @Test(arguments: [(0.0, UInt32(60)), (0.9, 60), (1.0, 59), (59.5, 1)])
    func storageCountsDown(_ time: (waited: Double, left: UInt32)) {
        let stage = Stage()
        let reader = stage.subscriber("reader", to: [Subscription(filter: "#", qos: .atLeastOnce)])
        stage.cut(reader)
        let sender = stage.connect("sender")
        stage.publish(
            "m", to: "t", from: sender,
            properties: [
                .payloadFormatIndicator(1), .messageExpiryInterval(60), .contentType("text"),
            ])
        stage.pass(.seconds(time.waited))
        let back = stage.connect("reader", clean: false, expiry: 3_600)
        let messages = stage.drain(back)
        #expect(
            messages.map(\.properties) == [
                [
                    .payloadFormatIndicator(1), .messageExpiryInterval(time.left),
                    .contentType("text"),
                ]
            ])
    }

    /// [MQTT-3.3.2-5]. Fails if what has expired in storage is delivered, or keeps its stream from being read on.
    @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
    func whatHasExpiredInStorageIsPassedOver(_ qos: QoS) {
        let stage = Stage(shards: 1)
        let reader = stage.subscriber("reader", to: [Subscription(filter: "#", qos: qos)])
        stage.cut(reader)
        let sender = stage.connect("sender")
        for number in 0..<300 {
            stage.publish(
                "\(number)", to: "t", qos: qos, from: sender,
                properties: number % 3 == 0 ? [] : [.messageExpiryInterval(10)])
        }
        stage.pass(.seconds(10))
        let back = stage.connect("reader", clean: false, expiry: 3_600)
        #expect(stage.drain(back).map(\.text) == stride(from: 0, to: 300, by: 3).map { "\($0)" })
        #expect(stage.sessions.counters.expired == 200)
        stage.publish("after", to: "t", qos: qos, from: sender)
        #expect(stage.drain(back).map(\.text) == ["after"])
    }

    /// The same for a message that waits for the window of a session that is not durable.
    @Test func aQueueCountsDownAndForgets() {
        var limits = SessionLimits()
        limits.inflight = 1
        let stage = Stage(limits: limits)
        let reader = stage.connect("reader")
        stage.subscribe(reader, to: [Subscription(filter: "#", qos: .atLeastOnce)])
        let sender = stage.connect("sender")
        for (text, seconds) in [("first", UInt32(100)), ("short", 10), ("long", 100)] {
            stage.publish(
                text, to: "t", from: sender, properties: [.messageExpiryInterval(seconds)])
        }
        stage.pass(.seconds(30))
        let messages = stage.drain(reader)
        #expect(messages.map(\.text) == ["first", "long"])
        #expect(Self.intervals(messages) == [100, 70])
    }

    /// `mqtt.message_expiry_interval` is for messages without an interval of their own, and is not told.
    @Test func theServersIntervalIsForMessagesWithoutOne() {
        var limits = SessionLimits()
        limits.messageExpiry = 20
        let stage = Stage(limits: limits)
        let reader = stage.subscriber("reader", to: [Subscription(filter: "#", qos: .atLeastOnce)])
        stage.cut(reader)
        let sender = stage.connect("sender")
        stage.publish("none", to: "t", from: sender)
        stage.publish("own", to: "t", from: sender, properties: [.messageExpiryInterval(100)])
        stage.pass(.seconds(10))
        stage.publish("later", to: "t", from: sender)
        stage.pass(.seconds(10))
        let messages = stage.drain(stage.connect("reader", clean: false, expiry: 3_600))
        #expect(messages.map(\.text) == ["own", "later"])
        #expect(Self.intervals(messages) == [80])
    }

    /// A retained will with an expiry interval: the state of a device that has gone, for a while.
    @Test func aWillExpiresAsAMessageDoes() {
        let stage = Stage()
        let will = Will(
            topic: "status/d", payload: Array("offline".utf8), qos: .atLeastOnce, retain: true,
            properties: [
                .messageExpiryInterval(60), .contentType("text/plain"), .userProperty("a", "b"),
            ])
        stage.cut(stage.connect("d", will: will))
        stage.pass(.seconds(20))
        let reader = stage.connect("reader")
        stage.subscribe(reader, to: [Subscription(filter: "status/+", qos: .atLeastOnce)])
        #expect(
            stage.drain(reader).map(\.properties) == [
                [.messageExpiryInterval(40), .contentType("text/plain"), .userProperty("a", "b")]
            ])
        stage.pass(.seconds(40))
        let late = stage.connect("late")
        stage.subscribe(late, to: [Subscription(filter: "status/+", qos: .atLeastOnce)])
        #expect(stage.drain(late).isEmpty)
    }
}
