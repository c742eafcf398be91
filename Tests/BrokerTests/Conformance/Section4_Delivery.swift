import Broker
import MQTT
import Measure
import Storage
import Testing

/// Redelivery, order, topics, shared subscriptions, flow control, authentication and errors.
@Suite("MQTT 5.0, sections 4.4 to 4.13") struct Section4_DeliveryTests {
    @Test("MQTT-4.4.0-1 what is open comes again with its identifier, on a new connection only")
    func mqtt_4_4_0_1() throws {
        let stage = Stage()
        let listener = stage.listener("t/#", .exactlyOnce, [.sessionExpiryInterval(60)])
        let publisher = stage.client("p")
        // Streams of their own: one is not read on while messages of it are open (reference 4.3).
        stage.publish("released", to: "t/1", qos: .exactlyOnce, from: publisher)
        let released = try #require(stage.messages(listener).first?.packetID)
        stage.publish("one", to: "t/2", from: publisher)
        stage.publish("two", to: "t/3", qos: .exactlyOnce, from: publisher)
        stage.send(.pubrec(Acknowledgement(packetID: released)), on: listener)
        let sent = stage.messages(listener)
        #expect(sent.map(\.text) == ["one", "two"])
        stage.pass(.seconds(30))
        #expect(stage.take(listener).isEmpty, "not while the connection lasts")
        stage.cut(listener)
        let (back, _) = stage.join(
            Connect(
                version: .v5, clientID: "listener", cleanStart: false,
                properties: [.sessionExpiryInterval(60)]))
        let packets = stage.take(back)
        #expect(packets.messages.map(\.packetID) == sent.map(\.packetID))
        #expect(packets.contains(.pubrel(Acknowledgement(packetID: released))))
    }

    @Test("MQTT-4.4.0-2 a message that its receiver refused does not come again")
    func mqtt_4_4_0_2() throws {
        for qos in [QoS.atLeastOnce, .exactlyOnce] {
            let stage = Stage()
            let listener = stage.listener("t", qos, [.sessionExpiryInterval(60)])
            stage.publish("x", to: "t", qos: qos, from: stage.client("p"))
            let id = try #require(stage.messages(listener).first?.packetID)
            let refusal = Acknowledgement(packetID: id, reasonCode: 0x83)
            stage.send(qos == .atLeastOnce ? .puback(refusal) : .pubrec(refusal), on: listener)
            stage.cut(listener)
            let back = stage.client("listener", [.sessionExpiryInterval(60)], clean: false)
            stage.settle()
            #expect(stage.messages(back).isEmpty)
        }
    }

    @Test("MQTT-4.5.0-1 a message reaches every session that subscribes, connected or not")
    func mqtt_4_5_0_1() {
        let stage = Stage()
        let live = stage.listener("t/#", name: "live")
        stage.cut(stage.listener("+/a", name: "away", [.sessionExpiryInterval(60)]))
        stage.publish("x", to: "t/a", from: stage.client("p"))
        #expect(stage.drain(live).map(\.text) == ["x"])
        let back = stage.connect("away", clean: false, expiry: 60)
        #expect(stage.drain(back).map(\.text) == ["x"])
    }

    @Test("MQTT-4.6.0-1 messages come again in their first order")
    func mqtt_4_6_0_1() {
        let stage = Stage()
        let listener = stage.listener("t", .exactlyOnce, [.sessionExpiryInterval(60)])
        let publisher = stage.client("p")
        for number in 0..<9 {
            stage.publish(
                "\(number)", to: "t", qos: number % 3 == 0 ? .exactlyOnce : .atLeastOnce,
                from: publisher)
        }
        let first = stage.messages(listener).map(\.text)
        stage.cut(listener)
        let back = stage.connect("listener", clean: false, expiry: 60)
        #expect(stage.messages(back).map(\.text) == first)
        #expect(first.count == 9)
    }

    /// Identifiers of the answers of `type` to messages sent all at once.
    private func answers(_ qos: QoS, _ type: PacketType) -> (sent: [UInt16], answered: [UInt16]) {
        let stage = Stage(acknowledgement: .onCommit)
        stage.cut(stage.listener("#", .exactlyOnce, [.sessionExpiryInterval(60)]))
        let publisher = stage.client("p")
        let ids = (0..<9).map { _ in stage.id() }
        for (number, id) in ids.enumerated() {
            // to streams of several kinds, so that not all are decided alike
            let topic = number % 2 == 0 ? "stored/\(number)" : "$unheard/\(number)"
            stage.post(Publish(qos: qos, topic: topic, packetID: id), on: publisher)
        }
        let packets = stage.take(publisher)
        return (
            ids.map(\.rawValue),
            packets.filter { $0.type == type }.compactMap {
                switch $0 {
                case .puback(let it), .pubrec(let it), .pubrel(let it): it.packetID.rawValue
                default: nil
                }
            }
        )
    }

    @Test("MQTT-4.6.0-2 PUBACKs come in the order of their messages")
    func mqtt_4_6_0_2() {
        let (sent, answered) = answers(.atLeastOnce, .puback)
        #expect(answered == sent)
    }

    @Test("MQTT-4.6.0-3 PUBRECs come in the order of their messages")
    func mqtt_4_6_0_3() {
        let (sent, answered) = answers(.exactlyOnce, .pubrec)
        #expect(answered == sent)
    }

    @Test("MQTT-4.6.0-4 PUBRELs come in the order of the PUBRECs")
    func mqtt_4_6_0_4() {
        let stage = Stage()
        let listener = stage.listener("t", .exactlyOnce, [.sessionExpiryInterval(60)])
        let publisher = stage.client("p")
        for _ in 0..<5 { stage.publish("x", to: "t", qos: .exactlyOnce, from: publisher) }
        let ids = stage.messages(listener).compactMap(\.packetID).reversed()
        for id in ids { stage.send(.pubrec(Acknowledgement(packetID: id)), on: listener) }
        let released = stage.take(listener)
        #expect(released == ids.map { .pubrel(Acknowledgement(packetID: $0)) })
        #expect(released.count == 5)
    }

    @Test("MQTT-4.6.0-5 messages of one publisher and topic come in their order")
    func mqtt_4_6_0_5() { expectOrder() }
    @Test("MQTT-4.6.0-6 every topic is ordered, for live and for durable subscribers")
    func mqtt_4_6_0_6() { expectOrder() }

    private func expectOrder(at location: SourceLocation = #_sourceLocation) {
        for expiry in [0, 60] as [UInt32] {
            for qos in [QoS.atMostOnce, .atLeastOnce, .exactlyOnce] {
                let stage = Stage()
                let listener = stage.listener(
                    "#", qos, [.receiveMaximum(4), .sessionExpiryInterval(expiry)])
                let publisher = stage.client("p")
                for number in 0..<20 {
                    stage.publish(
                        "\(number)", to: "t/\(number % 2)", qos: qos, from: publisher)
                }
                let messages = stage.drain(listener)
                for topic in 0..<2 {
                    let texts = messages.filter { $0.topic == "t/\(topic)" }.compactMap {
                        Int($0.text)
                    }
                    #expect(
                        texts == Array(stride(from: topic, to: 20, by: 2)),
                        "\(qos), expiry \(expiry)", sourceLocation: location)
                }
            }
        }
    }

    @Test("MQTT-4.7.0-1 topic names of PUBLISH and wills have no wildcards")
    func mqtt_4_7_0_1() {
        expectEnd(Bytes.packet(0x30, Bytes.text("a/#") + [0]), 0x81, 0x82, 0x90)
        expectRefusal(
            Bytes.connect(flags: 0x06, [0] + Bytes.text("a/+") + [0, 0]), 0x81, 0x82, 0x90)
    }

    @Test("MQTT-4.7.1-1 # stands alone and last")
    func mqtt_4_7_1_1() {
        for filter in ["a#", "#/a", "a/#/b", "##", "a/b#"] {
            expectEnd(Bytes.subscribe(Bytes.text(filter)), 0x81, 0x82, 0x8F)
            expectEnd(
                Bytes.packet(0x82, [0, 1] + Bytes.text(filter) + [0]), version: .v3_1_1)
        }
    }

    @Test("MQTT-4.7.1-2 + fills its level")
    func mqtt_4_7_1_2() {
        for filter in ["a+", "+a", "a/b+/c", "++"] {
            expectEnd(Bytes.subscribe(Bytes.text(filter)), 0x81, 0x82, 0x8F)
            expectEnd(
                Bytes.packet(0x82, [0, 1] + Bytes.text(filter) + [0]), version: .v3_1_1)
        }
        let stage = Stage()
        let client = stage.client()
        for filter in ["+", "/+", "+/a/#", "+/+"] {
            #expect(stage.subscribe(client, filter).suback?.reasonCodes == [1], "\(filter)")
        }
    }

    @Test("MQTT-4.7.2-1 filters that begin with a wildcard do not match topics that begin with $")
    func mqtt_4_7_2_1() {
        for expiry in [0, 60] as [UInt32] {
            let stage = Stage()
            let listener = stage.client("l", [.sessionExpiryInterval(expiry)])
            for filter in ["#", "+/a"] { stage.subscribe(listener, filter) }
            let named = stage.listener("$other/#", name: "named")
            let publisher = stage.client("p")
            stage.publish("x", to: "$other/a", from: publisher)
            stage.retain("r", to: "$other/a", from: publisher)
            #expect(stage.drain(listener).isEmpty, "expiry \(expiry)")
            #expect(stage.drain(named).map(\.text).sorted() == ["r", "x"])
            #expect(stage.subscribe(stage.client("late"), "#").messages.isEmpty)
        }
    }

    @Test("MQTT-4.7.3-1 topics and filters have at least one character")
    func mqtt_4_7_3_1() {
        expectEnd(Bytes.packet(0x30, [0, 0, 0]), 0x82)
        expectEnd(Bytes.subscribe([0, 0]), 0x81, 0x82, 0x8F)
        expectEnd(Bytes.packet(0xA2, [0, 1, 0, 0, 0]), 0x81, 0x82, 0x8F)
        let stage = Stage()
        let listener = stage.listener("#")
        for topic in ["/", " ", "a"] { stage.publish("x", to: topic, from: listener) }
        #expect(Set(stage.messages(listener).map(\.topic)) == ["/", " ", "a"])
    }

    @Test("MQTT-4.7.3-2 topics and filters have no null character")
    func mqtt_4_7_3_2() {
        expectEnd(Bytes.packet(0x30, [0, 3, 0x61, 0, 0x62, 0]), 0x81)
        expectEnd(Bytes.subscribe([0, 3, 0x61, 0, 0x62]), 0x81)
        expectEnd(Bytes.packet(0xA2, [0, 1, 0, 0, 1, 0]), 0x81)
    }

    @Test("MQTT-4.7.3-3 topics and filters have at most 65,535 bytes, and that many are taken")
    func mqtt_4_7_3_3() {
        let stage = Stage()
        let listener = stage.listener("#", .atMostOnce)
        let long = String(repeating: "x", count: 65_535)
        stage.post(Publish(topic: long), on: listener)
        let topics = stage.messages(listener).map(\.topic)
        #expect(topics.isEmpty || topics == [long])
        // the length has two bytes: what follows it is another field
        #expect(stage.subscribe(listener, long).suback?.reasonCodes.count == 1)
    }

    @Test("MQTT-4.7.3-4 topics are compared as they are, without normalising")
    func mqtt_4_7_3_4() {
        let stage = Stage()
        // é as one scalar and as two, and the case of a letter
        let one = "caf\u{E9}", two = "cafe\u{301}"
        let listener = stage.listener(one, name: "one")
        let other = stage.listener(two, name: "two"), upper = stage.listener("CAF\u{E9}", name: "u")
        stage.publish("x", to: one, from: listener)
        stage.retain("r", to: two, from: listener)
        #expect(stage.drain(listener).map(\.text) == ["x"])
        #expect(stage.drain(other).map(\.text) == ["r"])
        #expect(stage.drain(upper).isEmpty)
        #expect(stage.subscribe(upper, one).messages.isEmpty)
    }
}
