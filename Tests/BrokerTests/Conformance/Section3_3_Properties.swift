import Broker
import MQTT
import Measure
import Testing

/// PUBLISH: topic and properties.
@Suite("MQTT 5.0, section 3.3.2: PUBLISH, topic and properties") struct Section3_3_PropertiesTests {
    /// What a live and what a durable subscriber get of a message with `properties`.
    private func passOn(_ properties: [Property]) -> [[Property]] {
        let stage = Stage()
        let live = stage.listener("t", name: "live")
        let durable = stage.listener("t", name: "durable", [.sessionExpiryInterval(60)])
        stage.publish("x", to: "t", from: stage.client("p"), properties: properties)
        return (stage.messages(live) + stage.messages(durable)).map(\.properties)
    }

    @Test("MQTT-3.3.2-1 the topic is there and is UTF-8")
    func mqtt_3_3_2_1() {
        expectEnd(Bytes.packet(0x30, [0, 1, 0xFF, 0]), 0x81, 0x90)
        expectEnd(Bytes.packet(0x30, [0]), 0x81)
        // empty, and no alias stands for it
        expectEnd(Bytes.packet(0x30, [0, 0, 0]), 0x82)
        expectEnd(Bytes.packet(0x30, [0, 0]), version: .v3_1_1)
    }

    @Test("MQTT-3.3.2-2 a wildcard in the topic ends the connection")
    func mqtt_3_3_2_2() {
        for topic in ["a/+", "#", "a+"] {
            expectEnd(Bytes.packet(0x30, Bytes.text(topic) + [0]), 0x81, 0x82, 0x90)
            expectEnd(Bytes.packet(0x30, Bytes.text(topic)), version: .v3_1_1)
        }
    }

    @Test("MQTT-3.3.2-3 a subscriber gets messages that its filter matches, under their own topic")
    func mqtt_3_3_2_3() {
        let stage = Stage()
        let listener = stage.listener("a/+/c/#")
        for topic in ["a/b/c", "a/b/c/d/e", "a/b", "a/b/d", "b/b/c", "a//c"] {
            stage.publish("x", to: topic, from: listener)
        }
        #expect(Set(stage.messages(listener).map(\.topic)) == ["a/b/c", "a/b/c/d/e", "a//c"])
    }

    @Test("MQTT-3.3.2-4 the payload format indicator is passed on")
    func mqtt_3_3_2_4() {
        for value in [0, 1] as [UInt8] {
            let sent: [Property] = [.payloadFormatIndicator(value)]
            #expect(passOn(sent) == [sent, sent])
        }
    }

    @Test("MQTT-3.3.2-5 an expired message is not delivered")
    func mqtt_3_3_2_5() {
        let stage = Stage()
        let name = "l"
        stage.cut(stage.subscriber(name, to: [Subscription(filter: "t", qos: .atLeastOnce)]))
        let publisher = stage.client("p")
        stage.publish("short", to: "t", from: publisher, properties: [.messageExpiryInterval(10)])
        stage.publish("long", to: "t", from: publisher, properties: [.messageExpiryInterval(100)])
        stage.publish("ever", to: "t", from: publisher)
        stage.pass(.seconds(11))
        let again = stage.connect(name, clean: false, expiry: 60)
        #expect(stage.drain(again).map(\.text) == ["long", "ever"])
    }

    @Test("MQTT-3.3.2-6 what is left of an expiry is what a subscriber is told")
    func mqtt_3_3_2_6() {
        let stage = Stage()
        let live = stage.listener("t", name: "live")
        stage.cut(stage.subscriber("l", to: [Subscription(filter: "t", qos: .atLeastOnce)]))
        let publisher = stage.client("p")
        stage.publish("x", to: "t", from: publisher, properties: [.messageExpiryInterval(100)])
        stage.retain("r", to: "r", from: publisher, [.messageExpiryInterval(100)])
        #expect(stage.drain(live).map(\.properties) == [[.messageExpiryInterval(100)]])
        stage.pass(.seconds(40))
        let again = stage.connect("l", clean: false, expiry: 60)
        #expect(stage.drain(again).map(\.properties) == [[.messageExpiryInterval(60)]])
        let retained = stage.subscribe(publisher, "r").messages
        #expect(retained.map(\.properties) == [[.messageExpiryInterval(60)]])
    }

    @Test("MQTT-3.3.2-7 aliases end with their connection")
    func mqtt_3_3_2_7() {
        let stage = Stage()
        let first = stage.client([.sessionExpiryInterval(60)])
        stage.post(Publish(topic: "t", properties: [.topicAlias(1)]), on: first)
        stage.cut(first)
        let second = stage.client([.sessionExpiryInterval(60)], clean: false)
        stage.post(Publish(topic: "", properties: [.topicAlias(1)]), on: second)
        #expect([.closed(0x82), .closed(0x94)].contains(stage.standing(second)))
    }

    @Test("MQTT-3.3.2-8 a topic alias of zero ends the connection")
    func mqtt_3_3_2_8() { expectEnd(Bytes.publish(properties: [0x23, 0, 0]), 0x94) }

    @Test("MQTT-3.3.2-9 an alias above the announced maximum ends the connection")
    func mqtt_3_3_2_9() {
        let stage = Stage()
        let (client, connack) = stage.join(Connect(version: .v5, clientID: "c"))
        var maximum: UInt16 = 0
        for case .topicAliasMaximum(let it) in connack?.properties ?? [] { maximum = it }
        guard maximum < .max else { return }  // then there is none above
        stage.post(Publish(topic: "t", properties: [.topicAlias(maximum + 1)]), on: client)
        #expect(stage.standing(client) == .closed(0x94))
    }

    @Test("MQTT-3.3.2-11 aliases sent stay within what the client takes")
    func mqtt_3_3_2_11() {
        let stage = Stage()
        let listener = stage.listener("#", .atMostOnce, [.topicAliasMaximum(1)])
        for topic in ["a", "b", "a", "b"] {
            stage.publish("x", to: topic, qos: .atMostOnce, from: listener)
        }
        let messages = stage.messages(listener)
        #expect(messages.count == 4)
        for case .topicAlias(let alias) in messages.flatMap(\.properties) { #expect(alias == 1) }
    }

    @Test("MQTT-3.3.2-12 every alias up to the announced maximum is taken")
    func mqtt_3_3_2_12() {
        let stage = Stage()
        let listener = stage.listener("#", .atMostOnce)
        let (client, connack) = stage.join(Connect(version: .v5, clientID: "c"))
        var maximum: UInt16 = 0
        for case .topicAliasMaximum(let it) in connack?.properties ?? [] { maximum = it }
        for alias in Set([1, maximum]).filter({ $0 > 0 }) {
            stage.post(
                Publish(topic: "t\(alias)", properties: [.topicAlias(alias)]), on: client)
            stage.post(Publish(topic: "", properties: [.topicAlias(alias)]), on: client)
        }
        #expect(stage.standing(client) == .open)
        let topics = Set(stage.messages(listener).map(\.topic))
        #expect(topics == Set([1, maximum].filter { $0 > 0 }.map { "t\($0)" }))
    }

    @Test("MQTT-3.3.2-13 the response topic is UTF-8")
    func mqtt_3_3_2_13() { expectEnd(Bytes.publish(properties: [0x08, 0, 1, 0xFF]), 0x81) }

    @Test("MQTT-3.3.2-14 a wildcard in the response topic ends the connection")
    func mqtt_3_3_2_14() {
        expectEnd(Bytes.publish(properties: [0x08] + Bytes.text("a/#")), 0x81, 0x82, 0x90)
    }

    @Test("MQTT-3.3.2-15 the response topic is passed on")
    func mqtt_3_3_2_15() {
        let sent: [Property] = [.responseTopic("answers/ä")]
        #expect(passOn(sent) == [sent, sent])
    }

    @Test("MQTT-3.3.2-16 correlation data is passed on")
    func mqtt_3_3_2_16() {
        let sent: [Property] = [.correlationData([0, 0xFF, 1])]
        #expect(passOn(sent) == [sent, sent])
    }

    @Test("MQTT-3.3.2-17 user properties are passed on, also twice the same")
    func mqtt_3_3_2_17() {
        let sent: [Property] = [.userProperty("a", "1"), .userProperty("a", "1")]
        #expect(passOn(sent) == [sent, sent])
    }

    @Test("MQTT-3.3.2-18 user properties keep their order")
    func mqtt_3_3_2_18() {
        let sent: [Property] = [
            .userProperty("z", "1"), .userProperty("a", "2"), .userProperty("z", "0"),
        ]
        #expect(passOn(sent) == [sent, sent])
    }

    @Test("MQTT-3.3.2-19 the content type is UTF-8")
    func mqtt_3_3_2_19() { expectEnd(Bytes.publish(properties: [0x03, 0, 1, 0xFF]), 0x81) }

    @Test("MQTT-3.3.2-20 the content type is passed on")
    func mqtt_3_3_2_20() {
        let sent: [Property] = [.contentType("application/json")]
        #expect(passOn(sent) == [sent, sent])
    }
}
