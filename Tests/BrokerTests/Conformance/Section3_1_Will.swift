import Broker
import MQTT
import Measure
import Testing

/// CONNECT: wills, and what the server answers.
@Suite("MQTT 5.0, section 3.1: wills and answers") struct Section3_1_WillTests {
    private func will(
        _ properties: [Property] = [], qos: QoS = .atLeastOnce, retain: Bool = false
    ) -> Will {
        Will(
            topic: "w", payload: Array("gone".utf8), qos: qos, retain: retain,
            properties: properties)
    }

    @Test("MQTT-3.1.2-7 a will belongs to the session and waits there")
    func mqtt_3_1_2_7() {
        let stage = Stage()
        let listener = stage.listener("w")
        let client = stage.client(
            [.sessionExpiryInterval(600)], will: will([.willDelayInterval(60)]))
        #expect(stage.messages(listener).isEmpty)
        stage.cut(client)
        stage.pass(.seconds(59))
        #expect(stage.messages(listener).isEmpty)
        stage.pass(.seconds(2))
        #expect(stage.drain(listener).map(\.text) == ["gone"])
    }

    @Test("MQTT-3.1.2-8 a will is published when the link breaks, or its delay or the session ends")
    func mqtt_3_1_2_8() {
        for (expiry, delay, due) in [(0, 0, 0), (0, 60, 0), (30, 60, 30), (60, 30, 30)]
            as [(UInt32, UInt32, Int)]
        {
            let stage = Stage()
            let listener = stage.listener("w")
            let client = stage.client(
                [.sessionExpiryInterval(expiry)], will: will([.willDelayInterval(delay)]))
            stage.cut(client)
            if due > 0 {
                stage.pass(.seconds(Double(due) - 1))
                #expect(stage.messages(listener).isEmpty, "\(expiry) \(delay)")
                stage.pass(.seconds(2))
            }
            #expect(stage.drain(listener).map(\.text) == ["gone"], "\(expiry) \(delay)")
        }
        // also when it is the server that ends the connection, or the client that asks for it
        for bytes in [[0xC1, 0], [0xE0, 1, 0x04]] as [[UInt8]] {
            let stage = Stage()
            let listener = stage.listener("w")
            let client = stage.client(will: will())
            stage.send(bytes, on: client)
            #expect(stage.drain(listener).map(\.text) == ["gone"], "\(bytes)")
        }
    }

    @Test("MQTT-3.1.2-10 a will is published once, and never after a farewell")
    func mqtt_3_1_2_10() {
        let stage = Stage()
        let listener = stage.listener("w")
        let client = stage.client([.sessionExpiryInterval(600)], will: will())
        stage.cut(client)
        #expect(stage.drain(listener).count == 1)
        stage.cut(stage.client([.sessionExpiryInterval(600)], clean: false))
        stage.pass(.seconds(1_000))
        #expect(stage.drain(listener).isEmpty)
    }

    @Test("MQTT-3.1.2-14 a will without its retain flag is not retained")
    func mqtt_3_1_2_14() {
        let stage = Stage()
        stage.cut(stage.client(will: will()))
        stage.settle()
        #expect(stage.subscribe(stage.client("late"), "w").messages.isEmpty)
    }

    @Test("MQTT-3.1.2-15 a will with its retain flag is retained")
    func mqtt_3_1_2_15() {
        let stage = Stage()
        stage.cut(stage.client(will: will(retain: true)))
        stage.settle()
        let messages = stage.subscribe(stage.client("late"), "w").messages
        #expect(messages.map(\.text) == ["gone"])
        #expect(messages.first?.retain == true)
    }

    @Test(
        "MQTT-3.1.3-9 a client that comes back before its will's delay is over is not reported dead"
    )
    func mqtt_3_1_3_9() {
        let stage = Stage()
        let listener = stage.listener("w")
        stage.cut(stage.client([.sessionExpiryInterval(600)], will: will([.willDelayInterval(60)])))
        stage.pass(.seconds(30))
        let again = stage.client([.sessionExpiryInterval(600)], clean: false)
        stage.pass(.seconds(100))
        #expect(stage.messages(listener).isEmpty)
        #expect(stage.standing(again) == .open)
    }

    @Test("MQTT-3.1.3-10 user properties of a will keep their order")
    func mqtt_3_1_3_10() {
        let stage = Stage()
        let listener = stage.listener("w")
        let pairs: [Property] = [
            .userProperty("b", "1"), .userProperty("a", "2"), .userProperty("b", "0"),
        ]
        stage.cut(stage.client(will: will([.willDelayInterval(0)] + pairs)))
        #expect(stage.messages(listener).map(\.properties) == [pairs])
    }

    @Test("MQTT-3.1.3-11 the topic of a will is UTF-8, and a topic name")
    func mqtt_3_1_3_11() {
        for topic in [[0, 1, 0xFF], Bytes.text("a/#"), [0, 0]] as [[UInt8]] {
            expectRefusal(Bytes.connect(flags: 0x06, [0] + topic + [0, 0]), 0x81, 0x82, 0x90)
        }
    }

    @Test("MQTT-3.1.3-12 the user name is UTF-8")
    func mqtt_3_1_3_12() { expectRefusal(Bytes.connect(flags: 0x82, [0, 1, 0xFF]), 0x81) }

    @Test("MQTT-3.1.4-1 a CONNECT that breaks the format is refused with its reason and closed")
    func mqtt_3_1_4_1() {
        // cut off; too long; a property of another packet; properties that may come once
        expectRefusal(Bytes.packet(0x10, Bytes.text("MQTT") + [5, 2, 0]), 0x81)
        expectRefusal(Bytes.connect(flags: 0x02, [0]), 0x81)
        expectRefusal(Bytes.connect(properties: [0x01, 0]), 0x81, 0x82)
        for once in [
            [0x11, 0, 0, 0, 1], [0x21, 0, 1], [0x27, 0, 0, 1, 0], [0x22, 0, 1], [0x19, 1],
            [0x17, 1],
        ] as [[UInt8]] {
            expectRefusal(Bytes.connect(properties: once + once), 0x82)
        }
        // values that are not allowed
        for value in [[0x21, 0, 0], [0x27, 0, 0, 0, 0], [0x19, 2], [0x17, 2]] as [[UInt8]] {
            expectRefusal(Bytes.connect(properties: value), 0x82)
        }
        // authentication data without a method
        expectRefusal(Bytes.connect(properties: [0x16, 0, 1, 0]), 0x82)
    }

    @Test("MQTT-3.1.4-2 who fails a further check is closed")
    func mqtt_3_1_4_2() {
        let stage = Stage()
        let (connection, connack) = stage.join(
            Connect(version: .v5, clientID: "c", properties: [.authenticationMethod("SCRAM")]))
        #expect(connack?.reasonCode == 0x8C)
        #expect(stage.closed.contains(connection))
    }

    @Test("MQTT-3.1.4-3 a client that connects again ends its older connection")
    func mqtt_3_1_4_3() {
        for version in [ProtocolVersion.v3_1_1, .v5] {
            let stage = Stage()
            let old = stage.client("c", version: version)
            let new = stage.client("c", version: version)
            #expect(stage.standing(old) == .closed(version == .v5 ? 0x8E : nil))
            #expect(stage.standing(new) == .open)
        }
    }

    @Test("MQTT-3.1.4-4 a take-over keeps or ends the session as clean start says")
    func mqtt_3_1_4_4() {
        for clean in [false, true] {
            let stage = Stage()
            _ = stage.client("c", [.sessionExpiryInterval(60)])
            let (_, connack) = stage.join(
                Connect(version: .v5, clientID: "c", cleanStart: clean))
            #expect(connack?.sessionPresent == !clean)
        }
    }

    @Test("MQTT-3.1.4-5 a CONNECT that is accepted is answered with success")
    func mqtt_3_1_4_5() {
        for version in [ProtocolVersion.v3_1, .v3_1_1, .v5] {
            let (_, connack) = Stage().join(Connect(version: version, clientID: "c"))
            #expect(connack?.reasonCode == 0)
        }
    }

    @Test("MQTT-3.1.4-6 nothing after a refused CONNECT is looked at")
    func mqtt_3_1_4_6() {
        let stage = Stage()
        let listener = stage.listener("t")
        let (connection, _) = stage.join(
            Connect(version: .v5, clientID: "c", properties: [.authenticationMethod("X")]))
        stage.post(Publish(topic: "t"), on: connection)
        stage.send(Bytes.connect(), on: connection)
        #expect(stage.take(connection).count == 1)
        #expect(stage.messages(listener).isEmpty)
    }
}
