import Broker
import MQTT
import Measure
import Testing

/// CONNECT: its format, clean start, and who is let in.
@Suite("MQTT 5.0, section 3.1: CONNECT") struct Section3_1Tests {
    @Test("MQTT-3.1.0-1 anything before CONNECT closes the connection without a word")
    func mqtt_3_1_0_1() {
        for packet in [[0xC0, 0], Bytes.publish(properties: []), [0xE0, 0], [0xF0, 0]] as [[UInt8]]
        {
            let stage = Stage()
            let connection = stage.open()
            stage.send(packet, on: connection)
            #expect(stage.standing(connection) == .closed(nil), "\(packet)")
        }
    }

    @Test("MQTT-3.1.0-2 a second CONNECT ends the connection")
    func mqtt_3_1_0_2() {
        expectEnd(Bytes.connect(), 0x82)
        expectEnd([0x10, 13] + Bytes.text("MQTT") + [4, 2, 0, 0, 0, 1, 0x63], version: .v3_1_1)
    }

    @Test("MQTT-3.1.2-1 another protocol name is not served")
    func mqtt_3_1_2_1() {
        for name in ["mqtt", "MQTT5", "MQT", ""] {
            let stage = Stage()
            let connection = stage.open()
            stage.send(
                Bytes.packet(0x10, Bytes.text(name) + [5, 2, 0, 0, 0] + Bytes.text("c")),
                on: connection)
            #expect([.closed(nil), .closed(0x84)].contains(stage.standing(connection)), "\(name)")
            #expect(stage.sessions.sessionCount == 0)
        }
    }

    @Test("MQTT-3.1.2-2 another protocol version is refused as such and closed")
    func mqtt_3_1_2_2() {
        for level in [0, 2, 6, 0x7F] as [UInt8] {
            let stage = Stage()
            // the answer's form is that of the newest version we speak, or of the oldest
            let connection = stage.open()
            stage.send(
                Bytes.packet(0x10, Bytes.text("MQTT") + [level, 2, 0, 0, 0] + Bytes.text("c")),
                on: connection)
            #expect(
                // 0x01 in the words of 3.1.1 (table 3.1)
                [.closed(0x84), .closed(0x01)].contains(stage.standing(connection)),
                "level \(level)")
            #expect(stage.sessions.sessionCount == 0)
        }
    }

    @Test("MQTT-3.1.2-3 the reserved flag of CONNECT is zero")
    func mqtt_3_1_2_3() { expectRefusal(Bytes.connect(flags: 0x03), 0x81) }

    @Test("MQTT-3.1.2-4 a clean start forgets the old session and begins another")
    func mqtt_3_1_2_4() {
        let stage = Stage()
        stage.cut(stage.subscriber("c", to: [Subscription(filter: "t", qos: .atLeastOnce)]))
        stage.publish("old", to: "t", from: stage.client("p"))
        let (again, connack) = stage.join(
            Connect(version: .v5, clientID: "c", properties: [.sessionExpiryInterval(60)]))
        #expect(connack?.sessionPresent == false)
        #expect(stage.take(again).texts.isEmpty)
        stage.publish("new", to: "t", from: again)
        #expect(stage.messages(again).isEmpty, "its subscription is gone too")
    }

    @Test("MQTT-3.1.2-5 without a clean start the session goes on")
    func mqtt_3_1_2_5() {
        let stage = Stage()
        stage.cut(stage.subscriber("c", to: [Subscription(filter: "t", qos: .atLeastOnce)]))
        stage.publish("kept", to: "t", from: stage.client("p"))
        let (again, connack) = stage.join(Connect(version: .v5, clientID: "c", cleanStart: false))
        #expect(connack?.sessionPresent == true)
        #expect(stage.take(again).texts == ["kept"])
    }

    @Test("MQTT-3.1.2-6 without a session there is a new one, clean start or not")
    func mqtt_3_1_2_6() {
        let stage = Stage()
        let (connection, connack) = stage.join(
            Connect(version: .v5, clientID: "c", cleanStart: false))
        #expect(connack == connack.map { Connack(properties: $0.properties) })
        #expect(stage.sessions.sessionCount == 1)
        #expect(stage.standing(connection) == .open)
    }

    @Test("MQTT-3.1.2-9 the fields of a will are there if its flag is set, in their order")
    func mqtt_3_1_2_9() {
        // will properties, will topic, will payload; each missing in turn
        expectRefusal(Bytes.connect(flags: 0x06), 0x81)
        expectRefusal(Bytes.connect(flags: 0x06, [0]), 0x81)
        expectRefusal(Bytes.connect(flags: 0x06, [0] + Bytes.text("w")), 0x81)
    }

    @Test("MQTT-3.1.2-11 without a will its QoS is zero")
    func mqtt_3_1_2_11() {
        expectRefusal(Bytes.connect(flags: 0x0A), 0x81)
        expectRefusal(Bytes.connect(flags: 0x12), 0x81)
    }

    @Test("MQTT-3.1.2-12 the QoS of a will is not 3")
    func mqtt_3_1_2_12() {
        expectRefusal(
            Bytes.connect(flags: 0x1E, [0] + Bytes.text("w") + Bytes.text("x")), 0x81)
    }

    @Test("MQTT-3.1.2-13 without a will it is not retained")
    func mqtt_3_1_2_13() { expectRefusal(Bytes.connect(flags: 0x22), 0x81) }

    @Test("MQTT-3.1.2-16 without its flag there is no user name")
    func mqtt_3_1_2_16() { expectRefusal(Bytes.connect(Bytes.text("user")), 0x81) }

    @Test("MQTT-3.1.2-17 with its flag there is a user name")
    func mqtt_3_1_2_17() { expectRefusal(Bytes.connect(flags: 0x82), 0x81) }

    @Test("MQTT-3.1.2-18 without its flag there is no password")
    func mqtt_3_1_2_18() {
        expectRefusal(Bytes.connect(flags: 0x82, Bytes.text("user") + Bytes.text("pw")), 0x81)
    }

    @Test("MQTT-3.1.2-19 with its flag there is a password, which needs no user name")
    func mqtt_3_1_2_19() {
        expectRefusal(Bytes.connect(flags: 0xC2, Bytes.text("user")), 0x81)
        let stage = Stage()
        let connection = stage.open()
        stage.send(Bytes.connect(flags: 0x42, Bytes.text("token")), on: connection)
        #expect(stage.standing(connection) == .open)
        // 3.1.1 has it otherwise: [MQTT-3.1.2-22] there
        let old = stage.open(.v3_1_1)
        stage.send(
            [0x10, 17] + Bytes.text("MQTT") + [4, 0x42, 0, 0] + Bytes.text("d")
                + Bytes.text("to"), on: old)
        #expect(stage.closed.contains(old))
    }

    @Test("MQTT-3.1.2-22 one and a half keep alives of silence end the connection")
    func mqtt_3_1_2_22() {
        for version in [ProtocolVersion.v3_1, .v3_1_1, .v5] {
            let stage = Stage()
            let quiet = stage.client("q", version: version, keepAlive: 10)
            let lively = stage.client("l", version: version, keepAlive: 10)
            let forever = stage.client("f", version: version)
            for second in 0..<14 {
                stage.pass(.seconds(1))
                if second == 12 { stage.send(.pingreq, on: lively) }
            }
            #expect(!stage.closed.contains(quiet))
            stage.pass(.seconds(1))
            stage.pass(.seconds(2))
            #expect(stage.closed == [quiet])
            if version == .v5 { #expect(stage.standing(quiet) == .closed(0x8D)) }
            stage.pass(.seconds(100_000))
            #expect(!stage.closed.contains(forever), "zero switches it off")
        }
    }

    @Test("MQTT-3.1.2-23 a session with an expiry outlives its connection")
    func mqtt_3_1_2_23() {
        let stage = Stage()
        stage.cut(stage.client("kept", [.sessionExpiryInterval(60)]))
        stage.cut(stage.client("forgotten"))
        stage.pass(.seconds(59))
        #expect(stage.sessions.sessionCount == 1)
        let (_, connack) = stage.join(Connect(version: .v5, clientID: "kept", cleanStart: false))
        #expect(connack?.sessionPresent == true)
    }

    @Test("MQTT-3.1.2-24 nothing larger than the client's maximum packet size is sent")
    func mqtt_3_1_2_24() {
        let stage = Stage()
        let listener = stage.listener("t", [.maximumPacketSize(40)])
        stage.publish(String(repeating: "x", count: 60), to: "t", from: stage.client("p"))
        #expect(stage.take(listener).isEmpty)
        #expect(stage.standing(listener) == .open)
    }

    @Test("MQTT-3.1.2-25 a message too large for its receiver counts as delivered")
    func mqtt_3_1_2_25() {
        for expiry in [0, 60] as [UInt32] {
            let stage = Stage()
            let listener = stage.listener(
                "t", [.maximumPacketSize(40), .receiveMaximum(1), .sessionExpiryInterval(expiry)])
            let publisher = stage.client("p")
            for text in ["a", String(repeating: "x", count: 60), "b"] {
                stage.publish(text, to: "t", from: publisher)
            }
            #expect(stage.drain(listener).map(\.text) == ["a", "b"], "expiry \(expiry)")
        }
    }

    @Test(
        "MQTT-3.1.2-26 no alias above the client's maximum is sent, and each stands for its topic")
    func mqtt_3_1_2_26() {
        let stage = Stage()
        let listener = stage.listener(
            "t/#", .atMostOnce, [.topicAliasMaximum(2), .sessionExpiryInterval(60)])
        let publisher = stage.client("p")
        for _ in 0..<3 {
            for topic in 0..<4 {
                stage.publish("t/\(topic)", to: "t/\(topic)", qos: .atMostOnce, from: publisher)
            }
        }
        let messages = stage.messages(listener)
        var topics: [UInt16: String] = [:]
        for message in messages {
            var topic = message.topic
            for case .topicAlias(let alias) in message.properties {
                #expect((1...2).contains(alias))
                if topic.isEmpty { topic = topics[alias] ?? "" }
                topics[alias] = topic
            }
            #expect(topic == message.text)
        }
        #expect(messages.count == 12)
        #expect(!topics.isEmpty, "aliases are used where they may be")
    }

    @Test("MQTT-3.1.2-27 without a maximum no alias is sent")
    func mqtt_3_1_2_27() {
        for properties in [[], [.topicAliasMaximum(0)]] as [[Property]] {
            let stage = Stage()
            let listener = stage.listener("t", .atMostOnce, properties)
            for _ in 0..<3 { stage.publish("x", to: "t", qos: .atMostOnce, from: listener) }
            let messages = stage.messages(listener)
            #expect(messages.count == 3)
            #expect(messages.allSatisfy { $0.topic == "t" && $0.properties.isEmpty })
        }
    }

    @Test("MQTT-3.1.2-28 no response information comes unasked")
    func mqtt_3_1_2_28() {
        let properties: [[Property]] = [[], [.requestResponseInformation(0)]]
        for properties in properties {
            let (_, connack) = Stage().join(
                Connect(version: .v5, clientID: "c", properties: properties))
            #expect(connack != nil)
            for case .responseInformation in connack?.properties ?? [] {
                Issue.record("response information")
            }
        }
    }

    @Test("MQTT-3.1.2-29 who wants no problem information gets it in CONNACK and DISCONNECT only")
    func mqtt_3_1_2_29() {
        let stage = Stage()
        let client = stage.client([.requestProblemInformation(0)])
        stage.subscribe(client, "$share/g/t")
        let unknown = Acknowledgement(packetID: stage.id())
        stage.send(.pubrel(unknown), on: client)
        stage.send(.pubrec(unknown), on: client)
        stage.send(.unsubscribe(Unsubscribe(packetID: stage.id(), filters: ["none"])), on: client)
        let packets = stage.take(client)
        #expect(packets.count == 3)
        #expect(packets.answerProperties.isEmpty)
    }

    @Test("MQTT-3.1.3-1 client id, will, user name and password come in their order")
    func mqtt_3_1_3_1() {
        let stage = Stage()
        let listener = stage.listener("w")
        let connection = stage.open()
        let will = [0] + Bytes.text("w") + Bytes.text("payload")
        stage.send(
            Bytes.connect(flags: 0xC6, will + Bytes.text("user") + Bytes.text("pw")),
            on: connection)
        #expect(stage.standing(connection) == .open)
        stage.cut(connection)
        #expect(stage.messages(listener).map(\.text) == ["payload"])
    }

    @Test("MQTT-3.1.3-2 a session is found by its client id and by nothing else")
    func mqtt_3_1_3_2() {
        let stage = Stage()
        stage.cut(stage.client("c", [.sessionExpiryInterval(60)]))
        for (name, present) in [("C", false), ("c ", false), ("c", true)] {
            let (_, connack) = stage.join(Connect(version: .v5, clientID: name, cleanStart: false))
            #expect(connack?.sessionPresent == present, "\(name)")
        }
    }

    @Test("MQTT-3.1.3-3 the client id is there")
    func mqtt_3_1_3_3() { expectRefusal(Bytes.connect(clientID: []), 0x81) }

    @Test("MQTT-3.1.3-4 the client id is UTF-8")
    func mqtt_3_1_3_4() { expectRefusal(Bytes.connect(clientID: [0, 2, 0xC3, 0x28]), 0x81) }

    @Test("MQTT-3.1.3-5 client ids of 1 to 23 letters and digits are accepted")
    func mqtt_3_1_3_5() {
        for version in [ProtocolVersion.v3_1, .v3_1_1, .v5] {
            let stage = Stage()
            for name in ["a", "0123456789ABCDEFGHIJKLM", "abcdefghijklmnopqrstuvw", "XYZ"] {
                let (connection, connack) = stage.join(Connect(version: version, clientID: name))
                #expect(connack?.reasonCode == 0)
                #expect(stage.standing(connection) == .open)
            }
        }
    }

    @Test("MQTT-3.1.3-6 each client without an id is given one of its own")
    func mqtt_3_1_3_6() {
        let stage = Stage()
        let (one, _) = stage.join(Connect(version: .v5, clientID: ""))
        let (two, _) = stage.join(Connect(version: .v5, clientID: "", cleanStart: false))
        #expect(stage.closed.isEmpty)
        #expect(stage.sessions.sessionCount == 2)
        #expect(one != two)
    }

    @Test("MQTT-3.1.3-7 an assigned client id is told and works like one that was brought")
    func mqtt_3_1_3_7() {
        let stage = Stage()
        let (connection, connack) = stage.join(
            Connect(version: .v5, clientID: "", properties: [.sessionExpiryInterval(60)]))
        var name = ""
        for case .assignedClientIdentifier(let it) in connack?.properties ?? [] { name = it }
        #expect(!name.isEmpty)
        stage.cut(connection)
        let (_, again) = stage.join(Connect(version: .v5, clientID: name, cleanStart: false))
        #expect(again?.sessionPresent == true)
    }

    @Test("MQTT-3.1.3-8 a client id that is not taken is refused as such and closed")
    func mqtt_3_1_3_8() {
        // only 3.1 and 3.1.1 have one: an empty id without clean session
        let stage = Stage()
        let (connection, connack) = stage.join(
            Connect(version: .v3_1_1, clientID: "", cleanStart: false))
        #expect(connack == Connack(reasonCode: 0x02))
        #expect(stage.closed.contains(connection))
    }
}
