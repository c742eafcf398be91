import Broker
import MQTT
import Measure
import Storage
import Testing

/// Retained messages (MQTT 5.0, 3.3.1.3): what is kept, who gets it and how long it lives.
@Suite struct RetainedTests {
    private static func texts(_ messages: [Publish]) -> [String] {
        messages.map { "\($0.topic) \($0.text)\($0.retain ? " retained" : "")" }.sorted()
    }

    private static func sender(_ stage: Stage, _ topics: [String], qos: QoS = .atLeastOnce) -> Int {
        let sender = stage.connect("sender")
        for topic in topics {
            stage.publish("of \(topic)", to: topic, qos: qos, from: sender, retain: true)
        }
        return sender
    }

    /// [MQTT-3.3.1-5], [MQTT-3.3.1-6], [MQTT-3.3.1-8]. Fails if the first message is not replaced, or if an empty
    /// payload does not delete it.
    @Test(arguments: [0, 3_600 as UInt32])
    func theLastMessageIsKeptUntilAnEmptyOneDeletesIt(_ expiry: UInt32) {
        let stage = Stage()
        let sender = Self.sender(stage, ["a", "b"])
        stage.publish("second", to: "a", from: sender, retain: true)
        let reader = stage.connect("r1", expiry: expiry)
        stage.subscribe(reader, to: [Subscription(filter: "+", qos: .exactlyOnce)])
        #expect(Self.texts(stage.drain(reader)) == ["a second retained", "b of b retained"])
        stage.publish("", to: "a", from: sender, retain: true)
        #expect(
            Self.texts(stage.drain(reader)) == ["a "], "it is delivered, and its flag is not")
        let late = stage.connect("r2", expiry: expiry)
        stage.subscribe(late, to: [Subscription(filter: "+", qos: .exactlyOnce)])
        #expect(Self.texts(stage.drain(late)) == ["b of b retained"])
        #expect(stage.sessions.retainedCount == 1)
    }

    /// [MQTT-3.3.1-12], [MQTT-3.3.1-13].
    @Test(arguments: [0, 3_600 as UInt32], [false, true])
    func theFlagOfALiveMessageIsKeptIfAsked(_ expiry: UInt32, _ asPublished: Bool) {
        let stage = Stage()
        let reader = stage.connect("reader", expiry: expiry)
        stage.subscribe(
            reader,
            to: [
                Subscription(
                    filter: "t/+", qos: .atLeastOnce, retainAsPublished: asPublished)
            ])
        stage.settle()
        let sender = Self.sender(stage, ["t/1"])
        stage.publish("plain", to: "t/2", from: sender)
        #expect(
            Self.texts(stage.drain(reader))
                == ["t/1 of t/1\(asPublished ? " retained" : "")", "t/2 plain"])
    }

    /// [MQTT-3.3.1-9], [MQTT-3.3.1-10], [MQTT-3.3.1-11].
    @Test(arguments: [(UInt8(0), 2), (1, 1), (2, 0)], [0, 3_600 as UInt32])
    func retainHandlingSaysWhen(_ handling: (value: UInt8, times: Int), _ expiry: UInt32) {
        let stage = Stage()
        _ = Self.sender(stage, ["t"])
        let reader = stage.connect("reader", expiry: expiry)
        var got = 0
        for _ in 0..<2 {
            stage.subscribe(
                reader,
                to: [
                    Subscription(filter: "t", qos: .atLeastOnce, retainHandling: handling.value)
                ])
            got += stage.drain(reader).count
        }
        #expect(got == handling.times)
    }

    /// [MQTT-4.7.2-1].
    @Test func wildcardsDoNotFindTopicsOfTheServer() {
        let stage = Stage()
        _ = Self.sender(stage, ["$own/a", "a/a"])
        let reader = stage.connect("reader")
        stage.subscribe(
            reader, to: ["#", "+/a"].map { Subscription(filter: $0, qos: .atLeastOnce) })
        #expect(
            Self.texts(stage.drain(reader)) == Array(repeating: "a/a of a/a retained", count: 2))
        stage.subscribe(reader, to: [Subscription(filter: "$own/#", qos: .atLeastOnce)])
        #expect(Self.texts(stage.drain(reader)) == ["$own/a of $own/a retained"])
    }

    /// [MQTT-3.3.2-5], [MQTT-3.3.2-6]. Fails if the interval is sent as it came, or if what has expired is sent or
    /// stays in storage.
    @Test func aRetainedMessageExpires() {
        let stage = Stage()
        let sender = stage.connect("sender")
        stage.publish(
            "short", to: "t", from: sender, properties: [.messageExpiryInterval(100)], retain: true)
        stage.pass(.seconds(40.5))
        let first = stage.connect("first")
        stage.subscribe(first, to: [Subscription(filter: "t", qos: .atMostOnce)])
        #expect(stage.drain(first).map(\.properties) == [[.messageExpiryInterval(60)]])
        #expect(stage.store.takeRetained().count == 1)
        stage.pass(.seconds(59.6))
        let second = stage.connect("second")
        stage.subscribe(second, to: [Subscription(filter: "t", qos: .atMostOnce)])
        #expect(stage.drain(second).isEmpty)
        #expect(stage.sessions.retainedCount == 0)
        #expect(stage.store.takeRetained().isEmpty)
    }

    @Test func theLimitsHold() {
        var limits = SessionLimits()
        limits.retainedMessages = 2
        limits.retainedPayload = 10
        let stage = Stage(limits: limits)
        let sender = Self.sender(stage, ["a", "b", "c"])
        stage.publish("replaced", to: "a", from: sender, retain: true)
        stage.publish("more than ten bytes", to: "b", from: sender, retain: true)
        let reader = stage.connect("reader")
        stage.subscribe(reader, to: [Subscription(filter: "#", qos: .atLeastOnce)])
        #expect(Self.texts(stage.drain(reader)) == ["a replaced retained", "b of b retained"])
        #expect(stage.sessions.counters.retainedRefused == 2)
    }

    /// [MQTT-3.2.2-14]
    @Test func whereNothingMayBeRetainedThePublisherIsTold() {
        var limits = SessionLimits()
        limits.retainAvailable = false
        let stage = Stage(limits: limits)
        let sender = Self.sender(stage, ["a"])
        #expect(stage.take(sender).last == .disconnect(Disconnect(reasonCode: 0x9A)))
    }

    @Test func ownRetainedMessagesAreNotForWhoWantsNoLocal() {
        let stage = Stage()
        let sender = Self.sender(stage, ["a"])
        stage.subscribe(sender, to: [Subscription(filter: "a", qos: .atLeastOnce, noLocal: true)])
        #expect(stage.drain(sender).isEmpty)
    }

    /// More than one turn at QoS 0, and more than the window at QoS 1. What is published meanwhile comes after them,
    /// and what it replaces is not sent after it.
    @Test(arguments: [QoS.atMostOnce, .exactlyOnce], [0, 3_600 as UInt32])
    func manyComeInTurnsAndNothingOldComesLast(_ qos: QoS, _ expiry: UInt32) {
        let stage = Stage()
        let topics = (0..<2_500).map { "t/\($0)" }
        let sender = Self.sender(stage, topics)
        let reader = stage.connect("reader", expiry: expiry, receiveMaximum: 10)
        stage.subscribe(reader, to: [Subscription(filter: "t/#", qos: qos)])
        stage.publish("new", to: "t/2499", qos: qos, from: sender, retain: true)
        stage.publish("other", to: "t/x", qos: qos, from: sender)
        let messages = stage.drain(reader)
        let replaced = messages.filter { $0.topic == "t/2499" }.map(\.text)
        // At QoS 0 its turn may have come before.
        #expect(replaced.last == "new" || expiry > 0, "\(replaced)")
        #expect(replaced.count(where: { $0 == "new" }) == 1)
        #expect(Set(messages.map(\.topic)).count == 2_501)
        #expect(messages.count(where: \.retain) >= 2_499)
    }

    /// Fails if retained messages live in memory only.
    @Test func theyOutliveTheSessionLayer() {
        let stage = Stage()
        let sender = Self.sender(stage, ["a", "b"])
        stage.publish("", to: "b", from: sender, retain: true)
        stage.publish(
            "full", to: "c", qos: .exactlyOnce, from: sender,
            properties: [.contentType("text/plain"), .userProperty("k", "v")], retain: true)
        stage.settle()
        let second = Stage(on: stage.store)
        let reader = second.connect("reader")
        second.subscribe(reader, to: [Subscription(filter: "#", qos: .exactlyOnce)])
        let messages = second.drain(reader).sorted { $0.topic < $1.topic }
        #expect(Self.texts(messages) == ["a of a retained", "c full retained"])
        #expect(messages.map(\.qos) == [.atLeastOnce, .exactlyOnce])
        #expect(messages.last?.properties == [.contentType("text/plain"), .userProperty("k", "v")])
    }

    /// Fails if PUBACK is given before the retained message is committed, or if an answer overtakes it
    /// [MQTT-4.6.0-2].
    @Test func onCommitItIsAcknowledgedOnceItIsKept() {
        let stage = Stage(acknowledgement: .onCommit)
        let sender = Self.sender(stage, [])
        _ = stage.take(sender)
        _ = stage.subscriber("reader", to: [Subscription(filter: "stored", qos: .atLeastOnce)])
        for (topic, retain) in [("kept", true), ("other", false), ("stored", false)] {
            stage.publish("m", to: topic, from: sender, retain: retain)
        }
        stage.store.commit()
        stage.poll()
        #expect(stage.takeAsIs(sender).isEmpty)
        stage.store.commitRetained()
        stage.poll()
        #expect(
            stage.takeAsIs(sender).compactMap { packet -> UInt8? in
                if case .puback(let answer) = packet { answer.reasonCode } else { nil }
            } == [0x10, 0x10, 0x00])
        #expect(stage.sessions.heldAnswers == 0)
        stage.publish("m", to: "kept", from: sender, retain: true)
        stage.store.commitRetained(.noSpace)
        stage.poll()
        guard case .puback(let answer)? = stage.takeAsIs(sender).last else {
            Issue.record("no answer")
            return
        }
        #expect(answer.reasonCode == 0x97)
    }
}
