import Broker
import MQTT
import Measure
import Storage
import Testing

/// Sessions and the handshakes of QoS.
@Suite("MQTT 5.0, sections 4.1 to 4.3: sessions and QoS") struct Section4Tests {
    @Test("MQTT-4.1.0-1 a session lasts while its connection is open")
    func mqtt_4_1_0_1() {
        for expiry in [0, 1] as [UInt32] {
            let stage = Stage()
            let client = stage.listener("t", [.sessionExpiryInterval(expiry)])
            stage.pass(.seconds(100_000))
            stage.publish("x", to: "t", from: stage.client("p"))
            #expect(stage.drain(client).map(\.text) == ["x"])
        }
    }

    @Test("MQTT-4.1.0-2 a session ends with its expiry after its connection")
    func mqtt_4_1_0_2() {
        let stage = Stage()
        stage.cut(stage.listener("t", [.sessionExpiryInterval(10)]))
        stage.pass(.seconds(9))
        #expect(stage.sessions.sessionCount == 1)
        stage.pass(.seconds(2))
        #expect(stage.sessions.sessionCount == 0)
        // changed with the farewell
        stage.disconnect(
            stage.client([.sessionExpiryInterval(10)]), properties: [.sessionExpiryInterval(100)])
        stage.pass(.seconds(50))
        #expect(stage.sessions.sessionCount == 1)
        stage.pass(.seconds(51))
        #expect(stage.sessions.sessionCount == 0)
        // never
        stage.cut(stage.client([.sessionExpiryInterval(.max)]))
        let (back, connack) = stage.join(Connect(version: .v5, clientID: "c", cleanStart: false))
        #expect(connack?.sessionPresent == true)
        #expect(stage.standing(back) == .open)
    }

    @Test("MQTT-4.3.1-1 a QoS 0 message is sent once, without DUP")
    func mqtt_4_3_1_1() {
        let stage = Stage()
        let listener = stage.listener("t", .atMostOnce, [.sessionExpiryInterval(60)])
        stage.publish("x", to: "t", from: stage.client("p"))
        #expect(stage.messages(listener).map { "\($0.qos) \($0.dup)" } == ["atMostOnce false"])
        stage.cut(listener)
        let again = stage.client("listener", [.sessionExpiryInterval(60)], clean: false)
        #expect(stage.messages(again).isEmpty)
    }

    /// The first sending at `qos`.
    private func first(_ qos: QoS) -> Publish? {
        let stage = Stage()
        let listener = stage.listener("t", qos)
        stage.publish("x", to: "t", qos: qos, from: stage.client("p"))
        return stage.messages(listener).first
    }

    @Test("MQTT-4.3.2-1 a QoS 1 message has an identifier")
    func mqtt_4_3_2_1() { #expect(first(.atLeastOnce)?.packetID != nil) }
    @Test("MQTT-4.3.2-2 a QoS 1 message is first sent without DUP")
    func mqtt_4_3_2_2() { #expect(first(.atLeastOnce)?.dup == false) }
    @Test("MQTT-4.3.3-1 a QoS 2 message has an identifier")
    func mqtt_4_3_3_1() { #expect(first(.exactlyOnce)?.packetID != nil) }
    @Test("MQTT-4.3.3-2 a QoS 2 message is first sent without DUP")
    func mqtt_4_3_3_2() { #expect(first(.exactlyOnce)?.dup == false) }

    /// Sends one message at `qos`, answers with `answers`, breaks the link and says what comes again.
    private func again(_ qos: QoS, after answers: PacketType...) throws -> [PacketType] {
        let stage = Stage()
        let listener = stage.listener("t", qos, [.sessionExpiryInterval(60)])
        stage.publish("x", to: "t", qos: qos, from: stage.client("p"))
        let id = try #require(stage.messages(listener).first?.packetID)
        for answer in answers {
            let packet = Acknowledgement(packetID: id)
            switch answer {
            case .puback: stage.send(.puback(packet), on: listener)
            case .pubrec: stage.send(.pubrec(packet), on: listener)
            default: stage.send(.pubcomp(packet), on: listener)
            }
        }
        stage.settle()
        stage.cut(listener)
        let (back, _) = stage.join(
            Connect(
                version: .v5, clientID: "listener", cleanStart: false,
                properties: [.sessionExpiryInterval(60)]))
        let packets = stage.take(back).dropFirst()
        for case .publish(let it) in packets { #expect(it.packetID == id) }
        for case .pubrel(let it) in packets { #expect(it.packetID == id) }
        return packets.map(\.type)
    }

    @Test("MQTT-4.3.2-3 a QoS 1 message is open until its PUBACK")
    func mqtt_4_3_2_3() throws {
        #expect(try again(.atLeastOnce) == [.publish])
        #expect(try again(.atLeastOnce, after: .puback) == [])
    }
    @Test("MQTT-4.3.3-3 a QoS 2 message is open until its PUBREC")
    func mqtt_4_3_3_3() throws { #expect(try again(.exactlyOnce) == [.publish]) }
    @Test("MQTT-4.3.3-5 PUBREL is open until its PUBCOMP")
    func mqtt_4_3_3_5() throws {
        #expect(try again(.exactlyOnce, after: .pubrec) == [.pubrel])
        #expect(try again(.exactlyOnce, after: .pubrec, .pubcomp) == [])
    }
    @Test("MQTT-4.3.3-6 a message is not sent again after its PUBREL")
    func mqtt_4_3_3_6() throws {
        #expect(try !again(.exactlyOnce, after: .pubrec).contains(.publish))
    }

    @Test("MQTT-4.3.3-4 PUBREC is answered with PUBREL, and a refusal is not")
    func mqtt_4_3_3_4() throws {
        for (code, answered) in [(0, true), (0x10, true), (0x80, false), (0x97, false)]
            as [(UInt8, Bool)]
        {
            let stage = Stage()
            let listener = stage.listener("t", .exactlyOnce)
            stage.publish("x", to: "t", qos: .exactlyOnce, from: stage.client("p"))
            let id = try #require(stage.messages(listener).first?.packetID)
            stage.send(.pubrec(Acknowledgement(packetID: id, reasonCode: code)), on: listener)
            let answer = stage.take(listener)
            #expect(
                answer == (answered ? [.pubrel(Acknowledgement(packetID: id))] : []), "\(code)")
        }
    }

    @Test("MQTT-4.3.3-7 a message that was sent is completed although it expires")
    func mqtt_4_3_3_7() throws {
        let stage = Stage()
        let listener = stage.listener("t", .exactlyOnce, [.sessionExpiryInterval(600)])
        stage.publish(
            "x", to: "t", qos: .exactlyOnce, from: stage.client("p"),
            properties: [.messageExpiryInterval(10)])
        let id = try #require(stage.messages(listener).first?.packetID)
        stage.pass(.seconds(60))
        stage.cut(listener)
        let back = stage.client("listener", [.sessionExpiryInterval(600)], clean: false)
        _ = back
        stage.send(.pubrec(Acknowledgement(packetID: id)), on: back)
        #expect(stage.take(back) == [.pubrel(Acknowledgement(packetID: id))])
    }

    @Test("MQTT-4.3.3-13 the handshake goes on although the message expired between its steps")
    func mqtt_4_3_3_13() throws {
        let stage = Stage()
        let listener = stage.listener("t", .exactlyOnce), publisher = stage.client("p")
        let id = stage.id()
        stage.post(
            Publish(
                qos: .exactlyOnce, topic: "t", packetID: id,
                properties: [.messageExpiryInterval(1)]), on: publisher)
        stage.pass(.seconds(10))
        stage.send(.pubrel(Acknowledgement(packetID: id)), on: publisher)
        #expect(stage.take(publisher).last == .pubcomp(Acknowledgement(packetID: id)))
        let sent = try #require(stage.messages(listener).first?.packetID)
        stage.pass(.seconds(10))
        stage.send(.pubrec(Acknowledgement(packetID: sent)), on: listener)
        #expect(stage.take(listener) == [.pubrel(Acknowledgement(packetID: sent))])
    }

    @Test("MQTT-4.3.2-4 a QoS 1 message is answered with its PUBACK")
    func mqtt_4_3_2_4() {
        let stage = Stage()
        let client = stage.client()
        let id = stage.id()
        stage.post(Publish(qos: .atLeastOnce, topic: "t", packetID: id), on: client)
        let answers = stage.take(client)
        #expect(answers.map(\.type) == [.puback])
        if case .puback(let it)? = answers.first { #expect(it.packetID == id) }
    }

    @Test("MQTT-4.3.2-5 after PUBACK the same identifier is a new message, with DUP or without")
    func mqtt_4_3_2_5() {
        let stage = Stage()
        let listener = stage.listener("t"), client = stage.client()
        let id = stage.id()
        for dup in [false, true, true] {
            stage.post(Publish(dup: dup, qos: .atLeastOnce, topic: "t", packetID: id), on: client)
            stage.settle()
        }
        #expect(stage.take(client).map(\.type) == [.puback, .puback, .puback])
        #expect(stage.drain(listener).count == 3)
    }

    @Test("MQTT-4.3.3-8 a QoS 2 message is answered with its PUBREC")
    func mqtt_4_3_3_8() {
        let stage = Stage()
        let client = stage.client()
        let id = stage.id()
        stage.post(Publish(qos: .exactlyOnce, topic: "t", packetID: id), on: client)
        let answers = stage.take(client)
        #expect(answers.map(\.type) == [.pubrec])
        if case .pubrec(let it)? = answers.first { #expect(it.packetID == id) }
    }

    @Test("MQTT-4.3.3-9 after a PUBREC that refuses, the same identifier is a new message")
    func mqtt_4_3_3_9() {
        let stage = Stage(acknowledgement: .onCommit)
        let listener = stage.listener("t", .exactlyOnce, [.sessionExpiryInterval(60)])
        let client = stage.client()
        let id = stage.id()
        let message = Publish(qos: .exactlyOnce, topic: "t", packetID: id, payload: [1])
        stage.post(message, on: client)
        stage.store.lose()
        stage.poll()
        guard case .pubrec(let refusal)? = stage.takeAsIs(client).first else {
            Issue.record("no PUBREC")
            return
        }
        #expect(refusal.reasonCode >= 0x80)
        stage.post(message, on: client)
        #expect(stage.take(client) == [.pubrec(Acknowledgement(packetID: id))])
        #expect(stage.drain(listener).count == 1)
    }

    @Test("MQTT-4.3.3-10 until PUBREL the same identifier is the same message")
    func mqtt_4_3_3_10() {
        let stage = Stage()
        let listener = stage.listener("t", .exactlyOnce)
        let client = stage.client([.sessionExpiryInterval(60)])
        let id = stage.id()
        let message = Publish(qos: .exactlyOnce, topic: "t", packetID: id)
        stage.post(message, on: client)
        stage.settle()
        stage.post(Publish(dup: true, qos: .exactlyOnce, topic: "t", packetID: id), on: client)
        #expect(stage.take(client).map(\.type) == [.pubrec, .pubrec])
        stage.cut(client)
        let back = stage.client([.sessionExpiryInterval(60)], clean: false)
        stage.post(Publish(dup: true, qos: .exactlyOnce, topic: "t", packetID: id), on: back)
        #expect(stage.take(back).map(\.type) == [.pubrec])
        #expect(stage.drain(listener).count == 1)
    }

    @Test("MQTT-4.3.3-11 PUBREL is answered with its PUBCOMP")
    func mqtt_4_3_3_11() {
        let stage = Stage()
        let client = stage.client()
        let id = stage.id(), unknown = stage.id()
        stage.post(Publish(qos: .exactlyOnce, topic: "t", packetID: id), on: client)
        stage.send(.pubrel(Acknowledgement(packetID: id)), on: client)
        #expect(stage.take(client).last == .pubcomp(Acknowledgement(packetID: id)))
        stage.send(.pubrel(Acknowledgement(packetID: unknown)), on: client)
        #expect(
            stage.take(client) == [.pubcomp(Acknowledgement(packetID: unknown, reasonCode: 0x92))])
    }

    @Test("MQTT-4.3.3-12 after PUBCOMP the same identifier is a new message")
    func mqtt_4_3_3_12() {
        let stage = Stage()
        let listener = stage.listener("t", .exactlyOnce), client = stage.client()
        let id = stage.id()
        for _ in 0..<2 {
            stage.post(Publish(qos: .exactlyOnce, topic: "t", packetID: id), on: client)
            stage.send(.pubrel(Acknowledgement(packetID: id)), on: client)
            stage.settle()
        }
        #expect(stage.drain(listener).count == 2)
    }
}
