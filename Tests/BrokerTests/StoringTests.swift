import MQTT
import Testing

/// What is stored, and for whom.
@Suite struct StoringTests {
    /// Checklist 7. Fails if a live session's subscription makes messages durable, or if the QoS of the
    /// publish or of the subscription is looked at.
    @Test(arguments: QoS.allCases) func onlyWhatADurableSubscriptionMatchesIsStored(_ qos: QoS) {
        let stage = Stage()
        let sender = stage.connect("sender")
        stage.publish("0", to: "a/b", qos: qos, from: sender)
        #expect(stage.store.stored == 0, "nobody subscribes")
        let live = stage.connect("live")
        stage.send(
            .subscribe(
                Subscribe(
                    packetID: stage.id(),
                    subscriptions: [Subscription(filter: "#", qos: .exactlyOnce)])), on: live)
        stage.publish("1", to: "a/b", qos: qos, from: sender)
        #expect(
            stage.store.stored == 0, "a session that ends with its connection is served at once")
        // At QoS 0 too: EMQX 5.8 stores for any durable subscription (reference 3.1).
        let durable = stage.subscriber(
            "durable", to: [Subscription(filter: "a/+", qos: .atMostOnce)])
        stage.publish("2", to: "a/b", qos: qos, from: sender)
        stage.publish("3", to: "b/b", qos: qos, from: sender)
        #expect(stage.store.stored == 1)
        stage.disconnect(durable)
        stage.publish("4", to: "a/b", qos: qos, from: sender)
        #expect(stage.store.stored == 2, "the subscription outlives its connection")
        #expect(stage.messages(live).map(\.text) == ["1", "2", "3", "4"])
    }

    /// Checklist 7, from EMQX 5.10 on. Fails if a subscription at QoS 0 makes messages durable there, or if
    /// its session does not get them while it is connected.
    @Test func laterVersionsServeQoS0FromMemory() {
        let stage = Stage(storesForQoS0: false)
        let sender = stage.connect("sender")
        let reader = stage.subscriber(
            "reader",
            to: [
                Subscription(filter: "a/#", qos: .atMostOnce),
                Subscription(filter: "b/#", qos: .atLeastOnce),
            ])
        stage.publish("1", to: "a/b", qos: .atLeastOnce, from: sender)
        #expect(stage.store.stored == 0)
        #expect(stage.messages(reader).map(\.text) == ["1"])
        stage.publish("2", to: "b/b", qos: .atLeastOnce, from: sender)
        #expect(stage.store.stored == 1)
    }

    /// Checklist 7. Fails if a QoS 1 retransmission is recognised: EMQX has cleared DUP before it looks.
    @Test func aRepeatedQoS1PublishIsStoredAgain() {
        let stage = Stage()
        let sender = stage.connect("sender")
        _ = stage.subscriber("reader", to: [Subscription(filter: "a/#", qos: .atLeastOnce)])
        for dup in [false, true] {
            stage.send(
                .publish(
                    Publish(
                        dup: dup, qos: .atLeastOnce, topic: "a/b", packetID: PacketID(7),
                        payload: [1])), on: sender)
        }
        #expect(stage.store.stored == 2)
    }

    @Test func unsubscribingStopsStoring() {
        let stage = Stage()
        let sender = stage.connect("sender")
        let reader = stage.subscriber(
            "reader", to: [Subscription(filter: "a/#", qos: .atLeastOnce)])
        stage.send(
            .unsubscribe(Unsubscribe(packetID: stage.id(), filters: ["a/#", "b"])), on: reader)
        stage.publish("x", to: "a/b", from: sender)
        #expect(stage.store.stored == 0)
        guard case .unsuback(let answer)? = stage.take(reader).first else {
            Issue.record("no UNSUBACK")
            return
        }
        #expect(answer.reasonCodes == [0x00, 0x11])
    }

    /// PUBLISH sent again before PUBREL is answered again and not stored again [MQTT-4.3.3-10].
    @Test func aRepeatedQoS2PublishIsRoutedOnce() {
        let stage = Stage()
        let reader = stage.subscriber("reader", to: [Subscription(filter: "a", qos: .exactlyOnce)])
        let sender = stage.connect("sender", expiry: 60)
        let id = stage.id()
        var publish = Publish(qos: .exactlyOnce, topic: "a", packetID: id, payload: [1])
        stage.send(.publish(publish), on: sender)
        publish.dup = true
        stage.send(.publish(publish), on: sender)
        stage.cut(sender)
        let again = stage.connect("sender", clean: false, expiry: 60)
        stage.send(.publish(publish), on: again)
        stage.send(.pubrel(Acknowledgement(packetID: id)), on: again)
        stage.send(.pubrel(Acknowledgement(packetID: id)), on: again)
        #expect(stage.store.stored == 1)
        #expect(stage.drain(reader).count == 1)
        let answers = stage.take(again).dropFirst()
        #expect(
            Array(answers) == [
                .pubrec(Acknowledgement(packetID: id)), .pubcomp(Acknowledgement(packetID: id)),
                .pubcomp(Acknowledgement(packetID: id, reasonCode: 0x92)),
            ])
    }

    @Test func aTopicAliasIsResolvedBeforeStoring() {
        let stage = Stage()
        let reader = stage.subscriber(
            "reader", to: [Subscription(filter: "a/+", qos: .atLeastOnce)])
        let sender = stage.connect("sender")
        let kept = Property.contentType("x")
        stage.publish("1", to: "a/b", from: sender, properties: [.topicAlias(3), kept])
        stage.publish("2", to: "", from: sender, properties: [.topicAlias(3)])
        stage.publish("3", to: "a/c", from: sender, properties: [.topicAlias(3)])
        stage.publish("4", to: "", qos: .exactlyOnce, from: sender, properties: [.topicAlias(3)])
        let got = stage.drain(reader).sorted { $0.text < $1.text }
        #expect(got.map(\.topic) == ["a/b", "a/b", "a/c", "a/c"])
        #expect(got.map(\.properties) == [[kept], [], [], []])
        stage.publish("5", to: "", from: sender, properties: [.topicAlias(4)])
        #expect(stage.closed.contains(sender), "an alias that was never given")
    }

    /// [MQTT-3.8.3-3], for sessions of both kinds.
    @Test(arguments: [UInt32(0), 60]) func noLocalKeepsOwnMessagesAway(_ expiry: UInt32) {
        let stage = Stage()
        let filters = [
            Subscription(filter: "a", qos: .atLeastOnce, noLocal: true),
            Subscription(filter: "b", qos: .atLeastOnce),
        ]
        let own = stage.subscriber("own", to: filters, clean: true, expiry: expiry)
        let other = stage.connect("other")
        stage.publish("own a", to: "a", from: own)
        stage.publish("own b", to: "b", from: own)
        stage.publish("other a", to: "a", from: other)
        #expect(Set(stage.drain(own).map(\.text)) == ["own b", "other a"])
    }

    /// A subscription is for what comes after it, also when others had older messages stored.
    @Test func aSubscriptionBeginsWhenItIsMade() {
        let stage = Stage(shards: 1)
        let sender = stage.connect("sender")
        _ = stage.subscriber("archive", to: [Subscription(filter: "#", qos: .atLeastOnce)])
        let reader = stage.subscriber("reader", to: [Subscription(filter: "a", qos: .atLeastOnce)])
        stage.publish("early a", to: "a", from: sender)
        stage.publish("early b", to: "b", from: sender)
        stage.settle()
        stage.send(
            .subscribe(
                Subscribe(
                    packetID: stage.id(),
                    subscriptions: [Subscription(filter: "+", qos: .exactlyOnce)])),
            on: reader)
        stage.publish("late a", to: "a", from: sender)
        stage.publish("late b", to: "b", from: sender)
        #expect(Set(stage.drain(reader).map(\.text)) == ["early a", "late a", "late b"])
    }

    /// Replacing a subscription loses nothing [MQTT-3.8.4-3], also while storage is being asked.
    @Test func subscribingAgainLosesNothing() {
        let stage = Stage(shards: 1)
        let sender = stage.connect("sender")
        let reader = stage.subscriber("reader", to: [Subscription(filter: "a", qos: .atLeastOnce)])
        func subscribe(_ filter: String) {
            stage.send(
                .subscribe(
                    Subscribe(
                        packetID: stage.id(),
                        subscriptions: [Subscription(filter: filter, qos: .exactlyOnce)])),
                on: reader)
        }
        stage.publish("1", to: "a", from: sender)
        stage.store.commit()
        stage.poll()  // asks, and is not answered yet
        subscribe("a")
        subscribe("b")
        stage.publish("2", to: "b", from: sender)
        stage.publish("3", to: "a", from: sender)
        #expect(stage.drain(reader).map(\.text).sorted() == ["1", "2", "3"], "each once")
    }

    /// A message whose topic is new to the shard is committed between a question and its answer.
    @Test func aStreamLearnedDuringAReadIsReadToo() {
        let stage = Stage(shards: 1)
        let sender = stage.connect("sender")
        // At QoS 0, so that no acknowledgement is a reason to look again.
        let reader = stage.subscriber("reader", to: [Subscription(filter: "#", qos: .atMostOnce)])
        stage.publish("1", to: "a", from: sender)
        stage.store.commit()
        stage.poll()
        stage.publish("2", to: "b", from: sender)
        stage.store.commit()
        stage.store.answer()
        #expect(stage.drain(reader).map(\.text) == ["1", "2"])
    }

    /// An acknowledgement comes between a question that passed its stream over and the answer.
    @Test func aStreamThatWasOwedIsReadOn() {
        let stage = Stage(shards: 1)
        let sender = stage.connect("sender")
        let reader = stage.subscriber("reader", to: [Subscription(filter: "#", qos: .atLeastOnce)])
        stage.publish("1", to: "a", from: sender)
        let first = stage.take(reader)
        stage.publish("2", to: "a", from: sender)
        stage.publish("3", to: "b", from: sender)
        stage.store.commit()
        stage.poll()  // asks for b only
        for packet in first { _ = stage.answer(packet, on: reader) }
        #expect(Set(stage.drain(reader).map(\.text)) == ["2", "3"])
    }
}
