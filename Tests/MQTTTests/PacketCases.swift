import MQTT
import Testing

/// Bytes and what they mean, in the form our writer gives too.
struct PacketCase: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let version: ProtocolVersion
    let bytes: [UInt8]
    let packet: Packet

    init(_ name: String, _ version: ProtocolVersion, _ bytes: [UInt8], _ packet: Packet) {
        (testDescription, self.version, self.bytes, self.packet) = (name, version, bytes, packet)
    }

    static let all: [PacketCase] = connects + version3 + version5

    private static let connects: [PacketCase] = [
        PacketCase(
            "3.1.1, keep alive of ten seconds, everything set", .v3_1_1,
            MQTTTests.packet(
                0x10,
                text("MQTT") + [4, 0xEE, 0, 10] + text("c") + text("w") + [0, 1, 0xFF] + text("u")
                    + [0, 0]),
            .connect(
                Connect(
                    version: .v3_1_1, clientID: "c", cleanStart: true, keepAlive: 10, username: "u",
                    hasPassword: true,
                    will: Will(topic: "w", payload: [0xFF], qos: .atLeastOnce, retain: true)))),
        PacketCase(
            "3.1 with a client id of more than 23 bytes", .v3_1,
            MQTTTests.packet(
                0x10, text("MQIsdp") + [3, 0, 0, 60] + text("abcdefghijklmnopqrstuvwxyz")),
            .connect(
                Connect(
                    version: .v3_1, clientID: "abcdefghijklmnopqrstuvwxyz", cleanStart: false,
                    keepAlive: 60))
        ),
        PacketCase(
            "3.1.1 from a bridge", .v3_1_1,
            MQTTTests.packet(0x10, text("MQTT") + [0x84, 2, 0, 0] + text("b")),
            .connect(Connect(version: .v3_1_1, clientID: "b", isBridge: true))),
        PacketCase(
            "5 with the properties of the specification's example", .v5,
            MQTTTests.packet(
                0x10,
                text("MQTT") + [5, 0xC2, 0, 10, 5, 0x11, 0, 0, 0, 10] + [0, 0] + text("u") + [0, 0]),
            .connect(
                Connect(
                    version: .v5, clientID: "", keepAlive: 10, username: "u", hasPassword: true,
                    properties: [.sessionExpiryInterval(10)]))),
        PacketCase(
            "5 with a will that waits, and a password without a name", .v5,
            MQTTTests.packet(
                0x10,
                text("MQTT") + [5, 0x54, 0, 0, 0] + text("c") + [5, 0x18, 0, 0, 0, 7] + text("w")
                    + [0, 0]
                    + [0, 0]),
            .connect(
                Connect(
                    version: .v5, clientID: "c", cleanStart: false, hasPassword: true,
                    will: Will(
                        topic: "w", payload: [], qos: .exactlyOnce,
                        properties: [.willDelayInterval(7)])))),
    ]

    private static let version3: [PacketCase] = [
        PacketCase(
            "session present", .v3_1_1, [0x20, 2, 1, 0],
            .connack(Connack(sessionPresent: true))),
        PacketCase("not authorised", .v3_1, [0x20, 2, 0, 5], .connack(Connack(reasonCode: 5))),
        PacketCase(
            "the specification's PUBLISH, a/b and 10", .v3_1_1,
            [0x32, 7, 0, 3, 0x61, 0x2F, 0x62, 0, 10],
            .publish(Publish(qos: .atLeastOnce, topic: "a/b", packetID: id(10)))),
        PacketCase(
            "DUP, QoS 2, RETAIN", .v3_1, [0x3D, 6, 0, 1, 0x74, 0xFF, 0xFE, 0],
            .publish(
                Publish(
                    dup: true, qos: .exactlyOnce, retain: true, topic: "t", packetID: id(0xFFFE),
                    payload: [0]
                ))),
        PacketCase(
            "QoS 0 with a payload that is not text", .v3_1_1, [0x30, 5, 0, 1, 0x74, 0xC0, 0],
            .publish(Publish(topic: "t", payload: [0xC0, 0]))),
        PacketCase(
            "PUBACK", .v3_1_1, [0x40, 2, 0x12, 0x34], .puback(Acknowledgement(packetID: id(0x1234)))
        ),
        PacketCase("PUBREC", .v3_1_1, [0x50, 2, 0, 1], .pubrec(Acknowledgement(packetID: id(1)))),
        PacketCase("PUBREL", .v3_1_1, [0x62, 2, 0, 1], .pubrel(Acknowledgement(packetID: id(1)))),
        PacketCase("PUBCOMP", .v3_1, [0x70, 2, 0, 1], .pubcomp(Acknowledgement(packetID: id(1)))),
        PacketCase(
            "the specification's SUBSCRIBE, a/b at 1 and c/d at 2", .v3_1_1,
            [0x82, 14, 0, 10, 0, 3, 0x61, 0x2F, 0x62, 1, 0, 3, 0x63, 0x2F, 0x64, 2],
            .subscribe(
                Subscribe(
                    packetID: id(10),
                    subscriptions: [
                        Subscription(filter: "a/b", qos: .atLeastOnce),
                        Subscription(filter: "c/d", qos: .exactlyOnce),
                    ]))),
        PacketCase(
            "the specification's SUBACK", .v3_1_1, [0x90, 5, 0, 10, 0, 2, 0x80],
            .suback(Suback(packetID: id(10), reasonCodes: [0, 2, 0x80]))),
        PacketCase(
            "the specification's UNSUBSCRIBE", .v3_1_1,
            [0xA2, 12, 0, 10, 0, 3, 0x61, 0x2F, 0x62, 0, 3, 0x63, 0x2F, 0x64],
            .unsubscribe(Unsubscribe(packetID: id(10), filters: ["a/b", "c/d"]))),
        PacketCase("UNSUBACK", .v3_1_1, [0xB0, 2, 0, 10], .unsuback(Unsuback(packetID: id(10)))),
        PacketCase("PINGREQ", .v3_1, [0xC0, 0], .pingreq),
        PacketCase("PINGRESP", .v5, [0xD0, 0], .pingresp),
        PacketCase("DISCONNECT", .v3_1_1, [0xE0, 0], .disconnect(Disconnect())),
    ]

    private static let version5: [PacketCase] = [
        PacketCase(
            "every property of CONNACK with one byte", .v5,
            [0x20, 13, 0, 0, 10, 0x24, 1, 0x25, 0, 0x28, 1, 0x29, 0, 0x2A, 1],
            .connack(
                Connack(properties: [
                    .maximumQoS(1), .retainAvailable(0), .wildcardSubscriptionAvailable(1),
                    .subscriptionIdentifierAvailable(0), .sharedSubscriptionAvailable(1),
                ]))),
        PacketCase(
            "CONNACK that assigns and limits", .v5,
            MQTTTests.packet(
                0x20,
                [0, 0, 19] + [0x12] + text("me") + [0x13, 0, 30] + [0x21, 0, 1] + [0x22, 0, 0] + [
                    0x27, 0, 1, 0, 0,
                ]),
            .connack(
                Connack(properties: [
                    .assignedClientIdentifier("me"), .serverKeepAlive(30), .receiveMaximum(1),
                    .topicAliasMaximum(0),
                    .maximumPacketSize(0x10000),
                ]))),
        PacketCase(
            "topic alias instead of the topic", .v5, [0x30, 7, 0, 0, 3, 0x23, 0, 1, 0xAA],
            .publish(Publish(topic: "", properties: [.topicAlias(1)], payload: [0xAA]))),
        PacketCase(
            "two subscription identifiers, the second of two bytes", .v5,
            [0x30, 9, 0, 1, 0x74, 5, 0x0B, 1, 0x0B, 0x80, 1],
            .publish(
                Publish(
                    topic: "t",
                    properties: [.subscriptionIdentifier(1), .subscriptionIdentifier(128)]))
        ),
        PacketCase(
            "request with everything a response needs", .v5,
            MQTTTests.packet(
                0x34,
                text("q") + [0, 9, 28] + [0x01, 1] + [0x02, 0, 0, 0, 60] + [0x03] + text("x/y") + [
                    0x08
                ]
                    + text("r")
                    + [0x09, 0, 2, 0, 1] + [0x26] + text("k") + text("")),
            .publish(
                Publish(
                    qos: .exactlyOnce, topic: "q", packetID: id(9),
                    properties: [
                        .payloadFormatIndicator(1), .messageExpiryInterval(60), .contentType("x/y"),
                        .responseTopic("r"), .correlationData([0, 1]), .userProperty("k", ""),
                    ]))),
        PacketCase(
            "PUBACK of two bytes", .v5, [0x40, 2, 0, 1], .puback(Acknowledgement(packetID: id(1)))),
        PacketCase(
            "PUBACK of three bytes", .v5, [0x40, 3, 0, 1, 0x10],
            .puback(Acknowledgement(packetID: id(1), reasonCode: 0x10))),
        PacketCase(
            "PUBREL with a reason in words", .v5, [0x62, 8, 0, 1, 0x92, 4, 0x1F, 0, 1, 0x6E],
            .pubrel(
                Acknowledgement(packetID: id(1), reasonCode: 0x92, properties: [.reasonString("n")])
            )),
        PacketCase(
            "SUBSCRIBE with an identifier and all options", .v5,
            [0x82, 9, 0, 10, 2, 0x0B, 5, 0, 1, 0x23, 0x2E],
            .subscribe(
                Subscribe(
                    packetID: id(10), properties: [.subscriptionIdentifier(5)],
                    subscriptions: [
                        Subscription(
                            filter: "#", qos: .exactlyOnce, noLocal: true, retainAsPublished: true,
                            retainHandling: 2)
                    ]))),
        PacketCase(
            "UNSUBACK with codes", .v5, [0xB0, 5, 0, 10, 0, 0, 0x11],
            .unsuback(Unsuback(packetID: id(10), reasonCodes: [0, 0x11]))),
        PacketCase("DISCONNECT of no bytes", .v5, [0xE0, 0], .disconnect(Disconnect())),
        PacketCase(
            "DISCONNECT of one byte", .v5, [0xE0, 1, 4], .disconnect(Disconnect(reasonCode: 4))),
        PacketCase(
            "DISCONNECT that moves the client", .v5, [0xE0, 6, 0x9C, 4, 0x1C, 0, 1, 0x68],
            .disconnect(Disconnect(reasonCode: 0x9C, properties: [.serverReference("h")]))),
        PacketCase("AUTH of no bytes", .v5, [0xF0, 0], .auth(Auth())),
        PacketCase(
            "AUTH that continues", .v5, [0xF0, 11, 0x18, 9, 0x15, 0, 1, 0x6D, 0x16, 0, 2, 0, 0xFF],
            .auth(
                Auth(
                    reasonCode: 0x18,
                    properties: [.authenticationMethod("m"), .authenticationData([0, 0xFF])]))),
    ]
}

@Test(arguments: PacketCase.all) func bytesHaveTheMeaningOfTheSpecification(_ test: PacketCase) {
    #expect(read(test.bytes, test.version) == .success(test.packet))
}

@Test(arguments: PacketCase.all) func meaningIsWrittenInTheShortestForm(_ test: PacketCase) {
    #expect(write(test.packet, test.version) == test.bytes)
}

@Test func everyPacketTypeHasACase() {
    let missing = PacketType.allCases.filter { type in
        !PacketCase.all.contains { $0.packet.type == type }
    }
    #expect(missing.isEmpty)
}
