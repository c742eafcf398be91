import Broker
import MQTT
import Testing

/// The format of packets.
@Suite("MQTT 5.0, section 2") struct Section2Tests {
    @Test(
        "MQTT-2.1.3-1 reserved flags of the fixed header that are not as listed end the connection",
        arguments: [
            [0xC1, 0], [0x42, 2, 0, 1], [0x51, 2, 0, 1], [0x60, 2, 0, 1], [0x7F, 2, 0, 1],
            [0x80, 6, 0, 1, 0, 0, 1, 0x61, 0], [0xA0, 6, 0, 1, 0, 0, 1, 0x61], [0xE2, 0],
            [0xF1, 0],
        ] as [[UInt8]])
    func mqtt_2_1_3_1(_ bytes: [UInt8]) {
        expectEnd(bytes, 0x81)
        if bytes[0] < 0xF0 { expectEnd(bytes, version: .v3_1_1) }
    }

    @Test("MQTT-2.2.1-2 no packet identifier is read or written at QoS 0")
    func mqtt_2_2_1_2() {
        let stage = Stage()
        let listener = stage.listener("t", .atMostOnce)
        stage.send(Bytes.packet(0x30, Bytes.text("t") + [0, 0, 1]), on: listener)
        let message = stage.messages(listener).first
        #expect(message?.payload == [0, 1], "what stands there is payload")
        #expect(message?.packetID == nil)
    }

    @Test("MQTT-2.2.1-3 a packet identifier of zero ends the connection")
    func mqtt_2_2_1_3() {
        expectEnd(Bytes.packet(0x32, Bytes.text("t") + [0, 0, 0]), 0x81, 0x82)
        expectEnd(Bytes.packet(0x34, Bytes.text("t") + [0, 0, 0]), 0x81, 0x82)
        expectEnd(Bytes.packet(0x82, [0, 0, 0] + Bytes.text("t") + [0]), 0x81, 0x82)
        expectEnd(Bytes.packet(0xA2, [0, 0, 0] + Bytes.text("t")), 0x81, 0x82)
        expectEnd(Bytes.packet(0x82, [0, 0] + Bytes.text("t") + [0]), version: .v3_1_1)
    }

    @Test(
        "MQTT-2.2.1-4 messages that are not acknowledged have identifiers of their own, none zero")
    func mqtt_2_2_1_4() {
        let stage = Stage()
        let listener = stage.listener("t"), publisher = stage.client("p")
        for number in 0..<20 { stage.publish("\(number)", to: "t", from: publisher) }
        let ids = stage.messages(listener).compactMap { $0.packetID?.rawValue }
        #expect(ids.count == 20)
        #expect(Set(ids).count == 20)
        #expect(!ids.contains(0))
    }

    @Test("MQTT-2.2.1-5 every acknowledgement carries the identifier of its PUBLISH")
    func mqtt_2_2_1_5() throws {
        let stage = Stage()
        let publisher = stage.client()
        let one = try #require(PacketID(0x0102)), two = try #require(PacketID(0xFFFF))
        stage.post(Publish(qos: .atLeastOnce, topic: "t", packetID: one), on: publisher)
        stage.post(Publish(qos: .exactlyOnce, topic: "t", packetID: two), on: publisher)
        stage.send(.pubrel(Acknowledgement(packetID: two)), on: publisher)
        let ids = stage.take(publisher).map {
            switch $0 {
            case .puback(let it): "puback \(it.packetID.rawValue)"
            case .pubrec(let it): "pubrec \(it.packetID.rawValue)"
            case .pubcomp(let it): "pubcomp \(it.packetID.rawValue)"
            default: "\($0)"
            }
        }
        #expect(ids == ["puback 258", "pubrec 65535", "pubcomp 65535"])
    }

    @Test("MQTT-2.2.1-6 SUBACK and UNSUBACK carry the identifier of what they answer")
    func mqtt_2_2_1_6() throws {
        let stage = Stage()
        let client = stage.client()
        let one = try #require(PacketID(7)), two = try #require(PacketID(65_535))
        let filter = Subscription(filter: "t", qos: .atMostOnce)
        stage.send(.subscribe(Subscribe(packetID: one, subscriptions: [filter])), on: client)
        stage.send(.unsubscribe(Unsubscribe(packetID: two, filters: ["t"])), on: client)
        let packets = stage.take(client)
        #expect(packets.suback?.packetID == one)
        #expect(packets.unsuback?.packetID == two)
    }

    @Test("MQTT-2.2.2-1 packets without properties are written with a property length of zero")
    func mqtt_2_2_2_1() {
        // A QoS 0 PUBLISH ends with it where there is no payload; a property length left out could not
        // be read back at all.
        var bytes: [UInt8] = []
        Packet.publish(Publish(topic: "t")).write(to: &bytes, version: .v5)
        #expect(bytes == [0x30, 4, 0, 1, 0x74, 0])
        let stage = Stage()
        let listener = stage.listener("t", .atMostOnce)
        stage.send(bytes, on: listener)
        #expect(stage.messages(listener) == [Publish(topic: "t")])
        expectEnd([0x30, 3, 0, 1, 0x74], 0x81)
    }
}
