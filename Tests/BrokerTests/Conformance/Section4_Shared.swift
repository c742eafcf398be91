import Broker
import MQTT
import Measure
import Testing

/// Shared subscriptions, flow control, authentication and errors.
@Suite("MQTT 5.0, sections 4.8 to 4.13") struct Section4_SharedTests {
    @Test("MQTT-4.8.2-1 a share has a name")
    func mqtt_4_8_2_1() {
        expectEnd(Bytes.subscribe(Bytes.text("$share//t")), 0x81, 0x82, 0x8F)
    }

    @Test("MQTT-4.8.2-2 a share's name has no wildcard and a filter follows it")
    func mqtt_4_8_2_2() {
        for filter in ["$share/g", "$share/g+/t", "$share/#/t", "$share/g/", "$share/"] {
            expectEnd(Bytes.subscribe(Bytes.text(filter)), 0x81, 0x82, 0x8F)
        }
        let stage = Stage()
        let codes = stage.subscribe(stage.client(), "$share/g/+/t/#").suback?.reasonCodes
        #expect(codes == [1])
    }

    @Test("MQTT-4.8.2-3 each member of a share gets messages at its granted QoS")
    func mqtt_4_8_2_3() {
        for expiry in [0, 60] as [UInt32] {
            let stage = Stage()
            let members = [QoS.atMostOnce, .atLeastOnce, .exactlyOnce].map { qos in
                let member = stage.client("m\(qos.rawValue)", [.sessionExpiryInterval(expiry)])
                stage.subscribe(member, "$share/g/t", qos)
                return (qos, member)
            }
            let publisher = stage.client("p")
            var total = 0
            for number in 0..<30 {
                stage.publish("\(number)", to: "t", qos: .exactlyOnce, from: publisher)
            }
            for (qos, member) in members {
                let messages = stage.drain(member)
                total += messages.count
                #expect(messages.allSatisfy { $0.qos == qos }, "expiry \(expiry)")
            }
            #expect(total == 30, "each goes to one member, expiry \(expiry)")
        }
    }

    @Test(
        "MQTT-4.8.2-4 a QoS 2 message of a share is completed with who got it, when it comes back")
    func mqtt_4_8_2_4() throws {
        let stage = Stage()
        let one = stage.client("one", [.sessionExpiryInterval(60)])
        stage.subscribe(one, "$share/g/t", .exactlyOnce)
        stage.publish("x", to: "t", qos: .exactlyOnce, from: stage.client("p"))
        let sent = try #require(stage.messages(one).first)
        stage.cut(one)
        let other = stage.client("other")
        stage.subscribe(other, "$share/g/t", .exactlyOnce)
        let back = stage.client("one", [.sessionExpiryInterval(60)], clean: false)
        _ = back
        stage.send(.pubrec(Acknowledgement(packetID: try #require(sent.packetID))), on: back)
        let id = try #require(sent.packetID)
        #expect(stage.take(back).contains(.pubrel(Acknowledgement(packetID: id))))
        #expect(stage.drain(other).isEmpty)
    }

    @Test(
        "MQTT-4.8.2-5 a QoS 2 message that was sent to a member whose session ends goes nowhere else"
    )
    func mqtt_4_8_2_5() {
        let stage = Stage()
        let one = stage.client("one", [.sessionExpiryInterval(10)])
        stage.subscribe(one, "$share/g/t", .exactlyOnce)
        stage.publish("x", to: "t", qos: .exactlyOnce, from: stage.client("p"))
        #expect(stage.messages(one).count == 1)
        let other = stage.client("other", [.sessionExpiryInterval(600)])
        stage.subscribe(other, "$share/g/t", .exactlyOnce)
        stage.cut(one)
        stage.pass(.seconds(60))
        #expect(stage.drain(other).isEmpty)
    }

    @Test("MQTT-4.8.2-6 a message of a share that its receiver refuses goes nowhere else")
    func mqtt_4_8_2_6() throws {
        for qos in [QoS.atLeastOnce, .exactlyOnce] {
            let stage = Stage()
            let members = ["one", "two"].map { name in
                let member = stage.client(name)
                stage.subscribe(member, "$share/g/t", qos)
                return member
            }
            stage.publish("x", to: "t", qos: qos, from: stage.client("p"))
            var got = 0
            for member in members + members {
                for message in stage.messages(member) {
                    got += 1
                    let refusal = Acknowledgement(
                        packetID: try #require(message.packetID), reasonCode: 0x83)
                    stage.send(
                        qos == .atLeastOnce ? .puback(refusal) : .pubrec(refusal), on: member)
                }
            }
            #expect(got == 1)
        }
    }

    private func quota(_ maximum: UInt16?) -> Int {
        let stage = Stage()
        let listener = stage.listener(
            "t", maximum.map { [.receiveMaximum($0)] } ?? [])
        for _ in 0..<60 { stage.publish("x", to: "t", from: stage.client("p")) }
        return stage.messages(listener).count
    }

    @Test("MQTT-4.9.0-1 the quota begins above zero and not above the receive maximum")
    func mqtt_4_9_0_1() {
        #expect(quota(1) == 1)
        #expect((1...5).contains(quota(5)))
        #expect((1...60).contains(quota(nil)))
    }

    @Test(
        "MQTT-4.9.0-2 with the quota used up no QoS 1 or 2 message is sent, and one for each answer"
    )
    func mqtt_4_9_0_2() throws {
        let stage = Stage()
        let listener = stage.listener("t", .exactlyOnce, [.receiveMaximum(2)])
        let publisher = stage.client("p")
        for number in 0..<5 {
            stage.publish("\(number)", to: "t", qos: .exactlyOnce, from: publisher)
        }
        let sent = stage.messages(listener)
        #expect(sent.count == 2)
        let id = try #require(sent.first?.packetID)
        stage.send(.pubrec(Acknowledgement(packetID: id)), on: listener)
        #expect(stage.messages(listener).isEmpty, "PUBREC frees nothing")
        stage.send(.pubcomp(Acknowledgement(packetID: id)), on: listener)
        #expect(stage.messages(listener).count == 1)
        let second = try #require(sent.last?.packetID)
        stage.send(.pubrec(Acknowledgement(packetID: second, reasonCode: 0x80)), on: listener)
        #expect(stage.messages(listener).count == 1, "a refusal frees its place")
        // an answer to nothing must not
        stage.send(.puback(Acknowledgement(packetID: stage.id())), on: listener)
        #expect(stage.messages(listener).isEmpty)
    }

    @Test("MQTT-4.9.0-3 with the quota used up everything else is answered")
    func mqtt_4_9_0_3() {
        let stage = Stage()
        let listener = stage.listener("t", [.receiveMaximum(1)])
        let publisher = stage.client("p")
        for _ in 0..<3 { stage.publish("x", to: "t", from: publisher) }
        _ = stage.take(listener)
        stage.send(.pingreq, on: listener)
        stage.publish("y", to: "u", from: listener)
        let types = stage.take(listener).map(\.type)
        #expect(types == [.pingresp, .puback])
        #expect(stage.subscribe(listener, "v").suback != nil)
    }

    @Test("MQTT-4.12.0-1 an authentication method that is not known is refused and closed")
    func mqtt_4_12_0_1() {
        let stage = Stage()
        for method in ["", "SCRAM-SHA-256", "GS2-KRB5"] {
            let (connection, connack) = stage.join(
                Connect(
                    version: .v5, clientID: "c",
                    properties: [.authenticationMethod(method), .authenticationData([1])]))
            #expect(connack?.reasonCode == 0x8C)
            #expect(stage.standing(connection) == .closed(0x8C))
        }
        #expect(stage.sessions.sessionCount == 0)
    }

    @Test("MQTT-4.12.0-6 who names no method gets no AUTH and no method")
    func mqtt_4_12_0_6() {
        let stage = Stage()
        let (connection, connack) = stage.join(Connect(version: .v5, clientID: "c"))
        for case .authenticationMethod in connack?.properties ?? [] { Issue.record("a method") }
        #expect(!stage.take(connection).contains { $0.type == .auth })
    }

    @Test("MQTT-4.12.0-7 AUTH from who named no method ends the connection")
    func mqtt_4_12_0_7() { expectEnd([0xF0, 0], 0x82) }

    @Test(
        "MQTT-4.13.1-1 malformed packets and protocol errors end the connection with their code",
        arguments: [
            // reserved types; a packet of the server's; cut off; too long
            ([0x00, 0], 0x81), ([0x20, 3, 0, 0, 0], 0x82), ([0x90, 4, 0, 1, 0, 0], 0x82),
            ([0xB0, 4, 0, 1, 0, 0], 0x82), ([0xD0, 0], 0x82), ([0x40, 1, 0], 0x81),
            ([0xC0, 1, 0], 0x81), ([0x30, 1, 0], 0x81), ([0x82, 1, 0], 0x81),
            // an unknown property; one of another packet; one too many; a value it cannot have
            ([0x30, 6, 0, 1, 0x74, 2, 0x7E, 0], 0x81),
            ([0x30, 7, 0, 1, 0x74, 3, 0x21, 0, 1], 0x81),
            ([0x30, 8, 0, 1, 0x74, 4, 0x01, 0, 0x01, 0], 0x82),
            ([0x30, 10, 0, 1, 0x74, 6, 0x23, 0, 1, 0x23, 0, 1], 0x82),
            ([0x30, 14, 0, 1, 0x74, 10, 0x02, 0, 0, 0, 1, 0x02, 0, 0, 0, 1], 0x82),
            ([0x30, 4, 0, 1, 0x74, 9], 0x81),
            // a session expiry of a session that was to have none
            ([0xE0, 7, 0, 5, 0x11, 0, 0, 0, 1], 0x82),
        ] as [([UInt8], UInt8)])
    func mqtt_4_13_1_1(_ bytes: [UInt8], _ code: UInt8) { expectEnd(bytes, code) }

    @Test("MQTT-4.13.2-1 a CONNACK or DISCONNECT that reports an error is the last packet")
    func mqtt_4_13_2_1() {
        expectEnd(Bytes.packet(0x30, [0]), 0x81)
        expectRefusal(Bytes.connect(flags: 0x03), 0x81)
        // larger than the server takes, which it has said
        let stage = Stage()
        let (client, connack) = stage.join(Connect(version: .v5, clientID: "c"))
        var limit: UInt32 = 1 << 20
        for case .maximumPacketSize(let it) in connack?.properties ?? [] { limit = it }
        stage.post(
            Publish(topic: "t", payload: [UInt8](repeating: 0, count: Int(limit))), on: client)
        #expect(stage.standing(client) == .closed(0x95))
    }
}
