import Broker
import MQTT
import Measure
import Storage
import Testing

/// Subscription options, identifiers and limits, for sessions served at once (expiry 0) and from storage.
@Suite struct SubscriptionTests {
    private static func identifiers(_ message: Publish) -> [UInt32] {
        message.properties.compactMap {
            if case .subscriptionIdentifier(let number) = $0 { number } else { nil }
        }.sorted()
    }

    /// [MQTT-3.3.4-2], [MQTT-3.3.4-4]: one copy, at the largest QoS, with all identifiers. Fails if overlapping
    /// subscriptions bring a message twice.
    @Test(arguments: [0, 3_600 as UInt32])
    func overlappingSubscriptionsBringOneCopy(_ expiry: UInt32) {
        let stage = Stage()
        let reader = stage.connect("reader", expiry: expiry)
        stage.subscribe(reader, to: [Subscription(filter: "a/#", qos: .atMostOnce)], identifier: 7)
        stage.subscribe(reader, to: [Subscription(filter: "a/b", qos: .exactlyOnce)], identifier: 9)
        stage.subscribe(
            reader, to: [Subscription(filter: "+/b", qos: .atLeastOnce, retainAsPublished: true)])
        stage.subscribe(reader, to: [Subscription(filter: "a/c", qos: .atLeastOnce)])
        stage.settle()
        let sender = stage.connect("sender")
        stage.publish(
            "m", to: "a/b", qos: .exactlyOnce, from: sender, properties: [.contentType("x")],
            retain: true)
        stage.publish("n", to: "a/c", qos: .exactlyOnce, from: sender)
        let messages = stage.drain(reader)
        #expect(messages.map(\.text).sorted() == ["m", "n"])
        for message in messages where message.text == "m" {
            #expect(message.qos == .exactlyOnce)
            #expect(message.retain)
            #expect(Self.identifiers(message) == [7, 9])
            #expect(message.properties.first == .contentType("x"), "what was published comes first")
        }
        for message in messages where message.text == "n" {
            #expect(message.qos == .atLeastOnce)
            #expect(Self.identifiers(message) == [7])
        }
    }

    /// [MQTT-3.3.4-3]: also with what was retained, and after the identifier was changed.
    @Test(arguments: [0, 3_600 as UInt32])
    func aRetainedMessageCarriesTheIdentifier(_ expiry: UInt32) {
        let stage = Stage()
        stage.publish("m", to: "t", from: stage.connect("sender"), retain: true)
        let reader = stage.connect("reader", expiry: expiry)
        for identifier in [3, 4 as UInt32] {
            stage.subscribe(
                reader, to: [Subscription(filter: "t", qos: .atLeastOnce)], identifier: identifier)
            #expect(stage.drain(reader).map(Self.identifiers) == [[identifier]])
        }
    }

    /// Fails if the row of a subscription forgets its options: a restored session would read without them.
    @Test func optionsAreAmongTheStateOfASession() {
        let stage = Stage()
        let reader = stage.connect("reader", expiry: 100)
        stage.subscribe(
            reader,
            to: [
                Subscription(filter: "t", qos: .atLeastOnce, noLocal: true, retainAsPublished: true)
            ],
            identifier: 268_435_455)
        stage.settle()
        let states = stage.store.sessionRows(of: "reader").values.compactMap {
            if case .subscriptionState(let state) = $0 { state } else { nil }
        }
        #expect(states.map(\.identifier) == [268_435_455])
        #expect(states.map(\.retainAsPublished) == [true])
        #expect(states.map(\.noLocal) == [true])
    }

    /// Version 3.1.1 has one code for all failures.
    @Test(arguments: [ProtocolVersion.v5, .v3_1_1])
    func theLimitsHold(_ version: ProtocolVersion) {
        var limits = SessionLimits()
        limits.wildcardSubscriptions = false
        limits.topicLevels = 3
        limits.subscriptions = 2
        limits.maximumQoS = .atLeastOnce
        let stage = Stage(limits: limits)
        let reader = stage.connect("reader", version: version)
        let filters = ["a/+", "a/b/c/d", "a/b/c", "b", "c", "b"]
        stage.subscribe(reader, to: filters.map { Subscription(filter: $0, qos: .exactlyOnce) })
        let codes: [UInt8] = [0xA2, 0x8F, 0x01, 0x01, 0x97, 0x01]
        #expect(stage.codes(reader) == codes.map { version == .v5 ? $0 : min($0, 0x80) })
    }

    /// [MQTT-3.2.2-11], and a topic with too many levels.
    @Test(arguments: [("t", QoS.exactlyOnce, UInt8(0x9B)), ("a/b/c/d", .atLeastOnce, 0x90)])
    func aPublisherOverTheLimitsIsTold(_ topic: String, _ qos: QoS, _ reason: UInt8) {
        var limits = SessionLimits()
        limits.topicLevels = 3
        limits.maximumQoS = .atLeastOnce
        let stage = Stage(limits: limits)
        let sender = stage.connect("sender")
        stage.send(
            .publish(Publish(qos: qos, topic: topic, packetID: stage.id())), on: sender)
        #expect(stage.take(sender).last == .disconnect(Disconnect(reasonCode: reason)))
    }

    /// Properties and user properties, in their order, through storage and past it; none to a client before version 5.
    @Test(arguments: [0, 3_600 as UInt32], [ProtocolVersion.v5, .v3_1_1])
    func propertiesArePassedOnUnchanged(_ expiry: UInt32, _ version: ProtocolVersion) {
        let stage = Stage()
        let reader = stage.connect(
            "reader", version: version, clean: version == .v5 || expiry == 0, expiry: expiry)
        stage.subscribe(reader, to: [Subscription(filter: "t", qos: .atLeastOnce)])
        stage.settle()
        let properties: [Property] = [
            .payloadFormatIndicator(1), .contentType("text/plain"), .responseTopic("back/here"),
            .correlationData([0, 1, 255]), .userProperty("b", "1"), .userProperty("a", "2"),
            .userProperty("b", "3"), .userProperty("", ""),
        ]
        stage.publish("m", to: "t", from: stage.connect("sender"), properties: properties)
        let got = stage.drain(reader)
        #expect(got.map(\.text) == ["m"])
        // Storage keeps properties of one kind in their order, and kinds in its own.
        func sorted(_ properties: [Property]) -> [Property] {
            properties.filter { if case .userProperty = $0 { false } else { true } }
                .sorted { "\($0)" < "\($1)" }
                + properties.filter { if case .userProperty = $0 { true } else { false } }
        }
        #expect(got.map { sorted($0.properties) } == [version == .v5 ? sorted(properties) : []])
    }

    /// The topics of the server itself are not for clients to speak under: nothing is stored, kept or delivered.
    @Test(arguments: QoS.allCases, [ProtocolVersion.v5, .v3_1_1])
    func nobodyElseSpeaksForTheServer(_ qos: QoS, _ version: ProtocolVersion) {
        let stage = Stage()
        let reader = stage.subscriber(
            "reader", to: [Subscription(filter: "$SYS/#", qos: .exactlyOnce)])
        let sender = stage.connect("sender", version: version)
        _ = stage.take(sender)
        let id = qos == .atMostOnce ? nil : stage.id()
        stage.send(
            .publish(Publish(qos: qos, retain: true, topic: "$SYS/x", packetID: id, payload: [1])),
            on: sender)
        let codes = stage.take(sender).compactMap { packet -> UInt8? in
            switch packet {
            case .puback(let answer), .pubrec(let answer): answer.reasonCode
            default: nil
            }
        }
        #expect(codes == (qos == .atMostOnce ? [] : [version == .v5 ? 0x87 : 0]))
        #expect(stage.drain(reader).isEmpty)
        #expect(stage.store.stored == 0)
        #expect(stage.sessions.retainedCount == 0)
    }
}
