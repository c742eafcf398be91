import Broker
import MQTT
import Measure
import Testing

/// PUBLISH: flags and retained messages.
@Suite("MQTT 5.0, section 3.3.1: PUBLISH, its flags") struct Section3_3Tests {
    @Test("MQTT-3.3.1-1 a message that is sent again says so")
    func mqtt_3_3_1_1() {
        let stage = Stage()
        let listener = stage.subscriber("l", to: [Subscription(filter: "t", qos: .exactlyOnce)])
        let publisher = stage.client("p")
        stage.publish("one", to: "t", from: publisher)
        stage.publish("two", to: "t", qos: .exactlyOnce, from: publisher)
        #expect(stage.messages(listener).map(\.dup) == [false, false])
        stage.cut(listener)
        let again = stage.connect("l", clean: false, expiry: 60)
        #expect(stage.messages(again).map(\.dup) == [true, true])
    }

    @Test("MQTT-3.3.1-2 DUP at QoS 0 ends the connection")
    func mqtt_3_3_1_2() {
        expectEnd(Bytes.packet(0x38, Bytes.text("t") + [0]), 0x81, 0x82)
        expectEnd(Bytes.packet(0x38, Bytes.text("t")), version: .v3_1_1)
    }

    @Test("MQTT-3.3.1-3 a publisher's DUP is not passed on")
    func mqtt_3_3_1_3() {
        let stage = Stage()
        let listener = stage.listener("t", .exactlyOnce)
        for qos in [QoS.atLeastOnce, .exactlyOnce] {
            stage.post(Publish(dup: true, qos: qos, topic: "t", packetID: stage.id()), on: listener)
        }
        let dups = stage.messages(listener).map(\.dup)
        #expect(dups == [false, false])
    }

    @Test("MQTT-3.3.1-4 QoS 3 ends the connection")
    func mqtt_3_3_1_4() {
        expectEnd(Bytes.packet(0x36, Bytes.text("t") + [0, 1, 0]), 0x81)
        expectEnd(Bytes.packet(0x36, Bytes.text("t") + [0, 1]), version: .v3_1_1)
    }

    @Test("MQTT-3.3.1-5 the newest retained message of a topic replaces the one before")
    func mqtt_3_3_1_5() {
        let stage = Stage()
        let client = stage.client()
        stage.retain("old", to: "t", from: client)
        stage.retain("new", to: "t", from: client)
        #expect(stage.subscribe(client, "t").texts == ["new"])
    }

    @Test("MQTT-3.3.1-6 an empty retained message is delivered and removes what was retained")
    func mqtt_3_3_1_6() {
        let stage = Stage()
        let client = stage.client(), listener = stage.listener("t")
        stage.retain("x", to: "t", from: client)
        stage.retain("", to: "t", from: client)
        #expect(stage.messages(listener).map(\.text) == ["x", ""])
        #expect(stage.subscribe(client, "t").texts.isEmpty)
    }

    @Test("MQTT-3.3.1-7 an empty message is never retained")
    func mqtt_3_3_1_7() {
        let stage = Stage()
        let client = stage.client()
        stage.retain("", to: "t", from: client)
        #expect(stage.subscribe(client, "t").texts.isEmpty)
    }

    @Test("MQTT-3.3.1-8 a message without RETAIN neither is retained nor removes what is")
    func mqtt_3_3_1_8() {
        let stage = Stage()
        let client = stage.client()
        stage.publish("passing", to: "other", from: client)
        stage.retain("x", to: "t", from: client)
        stage.publish("passing", to: "t", from: client)
        stage.publish("", to: "t", from: client)
        #expect(stage.subscribe(client, "other").texts.isEmpty)
        #expect(stage.subscribe(client, "t").texts == ["x"])
    }

    @Test("MQTT-3.3.1-9 retain handling 0 sends retained messages at every SUBSCRIBE")
    func mqtt_3_3_1_9() {
        let stage = Stage()
        let client = stage.client()
        for topic in ["t/1", "t/2", "u"] { stage.retain(topic, to: topic, from: client) }
        for _ in 0..<2 {
            let messages = stage.subscribe(client, "t/+", handling: 0).messages
            #expect(messages.map(\.text).sorted() == ["t/1", "t/2"])
            #expect(messages.allSatisfy { $0.retain })
        }
    }

    @Test("MQTT-3.3.1-10 retain handling 1 sends them to a new subscription only")
    func mqtt_3_3_1_10() {
        let stage = Stage()
        let client = stage.client()
        stage.retain("x", to: "t", from: client)
        #expect(stage.subscribe(client, "t", handling: 1).texts == ["x"])
        #expect(stage.subscribe(client, "t", handling: 1).texts.isEmpty)
        stage.send(.unsubscribe(Unsubscribe(packetID: stage.id(), filters: ["t"])), on: client)
        #expect(stage.subscribe(client, "t", handling: 1).texts == ["x"])
    }

    @Test("MQTT-3.3.1-11 retain handling 2 sends none")
    func mqtt_3_3_1_11() {
        let stage = Stage()
        let client = stage.client()
        stage.retain("x", to: "t", from: client)
        #expect(stage.subscribe(client, "t", handling: 2).texts.isEmpty)
    }

    @Test("MQTT-3.3.1-12 RETAIN is cleared on the way to a subscription that does not ask for it")
    func mqtt_3_3_1_12() {
        for expiry in [0, 60] as [UInt32] {
            let stage = Stage()
            let listener = stage.client([.sessionExpiryInterval(expiry)])
            stage.subscribe(listener, "t", asPublished: false)
            stage.retain("x", to: "t", from: stage.client("p"))
            #expect(stage.messages(listener).map(\.retain) == [false], "expiry \(expiry)")
        }
    }

    @Test("MQTT-3.3.1-13 RETAIN is kept on the way to a subscription that asks for it")
    func mqtt_3_3_1_13() {
        for expiry in [0, 60] as [UInt32] {
            let stage = Stage()
            let listener = stage.client([.sessionExpiryInterval(expiry)]), p = stage.client("p")
            stage.subscribe(listener, "t", asPublished: true)
            stage.retain("x", to: "t", from: p)
            stage.publish("y", to: "t", from: p)
            let flags = stage.messages(listener).map { "\($0.text) \($0.retain)" }.sorted()
            #expect(flags == ["x true", "y false"], "expiry \(expiry)")
        }
    }
}
