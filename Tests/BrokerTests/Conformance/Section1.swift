import Broker
import MQTT
import Testing

/// Data representation.
@Suite("MQTT 5.0, section 1") struct Section1Tests {
    @Test(
        "MQTT-1.5.4-1 text that is not UTF-8 ends the connection",
        arguments: [
            [0x61, 0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80], [0x61, 0xC3],
        ] as [[UInt8]])
    func mqtt_1_5_4_1(_ topic: [UInt8]) {
        let name = [0, UInt8(topic.count)] + topic
        expectEnd(Bytes.packet(0x30, name + [0]), 0x81)
        expectEnd(Bytes.packet(0x30, name), version: .v3_1_1)
        expectEnd(Bytes.subscribe(name), 0x81)
        expectRefusal(Bytes.connect(clientID: name), 0x81)
    }

    @Test("MQTT-1.5.4-2 the null character ends the connection")
    func mqtt_1_5_4_2() {
        expectEnd(Bytes.packet(0x30, [0, 2, 0x61, 0, 0]), 0x81)
        expectEnd(Bytes.subscribe([0, 1, 0]), 0x81)
        expectRefusal(Bytes.connect(clientID: [0, 1, 0]), 0x81)
    }

    @Test("MQTT-1.5.4-3 U+FEFF is a character like others, also at the beginning")
    func mqtt_1_5_4_3() {
        let stage = Stage()
        let listener = stage.listener("\u{FEFF}t"), plain = stage.listener("t", name: "plain")
        stage.publish("x", to: "\u{FEFF}t", from: listener)
        #expect(
            stage.messages(listener).map { Array($0.topic.utf8) } == [[0xEF, 0xBB, 0xBF, 0x74]])
        #expect(stage.messages(plain).isEmpty)
    }

    @Test("MQTT-1.5.5-1 an integer in more bytes than it needs ends the connection")
    func mqtt_1_5_5_1() {
        expectEnd([0xC0, 0x80, 0x00], 0x81)
        expectEnd([0x40, 0x82, 0x00, 0, 1], 0x81)
        expectEnd(Bytes.publish(properties: [0x0B, 0x81, 0]), 0x81, 0x82)
    }

    @Test("MQTT-1.5.7-1 both halves of a user property are UTF-8")
    func mqtt_1_5_7_1() {
        expectEnd(Bytes.publish(properties: [0x26, 0, 1, 0xFF, 0, 1, 0x61]), 0x81)
        expectEnd(Bytes.publish(properties: [0x26, 0, 1, 0x61, 0, 1, 0xFF]), 0x81)
        expectEnd(Bytes.publish(properties: [0x26, 0, 1, 0x61, 0, 1, 0]), 0x81)
    }
}
