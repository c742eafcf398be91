import Broker
import MQTT
import Testing

/// What ends a connection, and what is refused without ending it.
@Suite struct ProtocolTests {
    @Test func aPacketBeforeConnectClosesTheConnection() {
        let stage = Stage()
        let connection = stage.open()
        stage.send(.pingreq, on: connection)
        #expect(stage.closed == [connection])
        #expect(stage.take(connection).isEmpty)
    }

    /// [MQTT-3.1.0-2]
    @Test func aSecondConnectClosesTheConnection() {
        let stage = Stage()
        let connection = stage.connect("c")
        stage.send(.connect(Connect(version: .v5, clientID: "c")), on: connection)
        #expect(stage.closed == [connection])
        #expect(stage.take(connection).last == .disconnect(Disconnect(reasonCode: 0x82)))
    }

    /// A filter with `#` in the middle, flags that SUBSCRIBE must not have, an alias that was never given, a packet that only a server
    /// sends, QoS 3, a packet of 2 MiB.
    @Test(
        arguments: [
            (bytes: [0x82, 0x09, 0, 1, 0, 0, 3, 0x61, 0x23, 0x62, 0], code: 0x81),
            ([0x80, 0x02, 0x00, 0x01], 0x81), ([0x30, 0x06, 0x00, 0x00, 0x03, 0x23, 0, 1], 0x94),
            ([0xD0, 0x00], 0x82), ([0x36, 0x03, 0x00, 0x01, 0x61], 0x81),
            ([0x30, 0x80, 0x80, 0x80, 0x01], 0x95),
        ] as [(bytes: [UInt8], code: UInt8)])
    func aBadPacketClosesTheConnection(_ bad: (bytes: [UInt8], code: UInt8)) {
        let stage = Stage()
        let connection = stage.connect("c")
        stage.send(bad.bytes, on: connection)
        #expect(stage.closed == [connection])
        guard case .disconnect(let disconnect)? = stage.take(connection).last else {
            Issue.record("no DISCONNECT")
            return
        }
        #expect(disconnect.reasonCode == bad.code)
        #expect(stage.sessions.sessionCount == 0)
    }

    @Test func moreUnreleasedMessagesThanAllowedCloseTheConnection() {
        var limits = SessionLimits()
        limits.awaitingRelease = 3
        let stage = Stage(limits: limits)
        let connection = stage.connect("c")
        for _ in 0..<4 {
            #expect(stage.closed.isEmpty)
            stage.send(
                .publish(Publish(qos: .exactlyOnce, topic: "t", packetID: stage.id())),
                on: connection)
        }
        #expect(stage.closed == [connection])
        #expect(stage.take(connection).last == .disconnect(Disconnect(reasonCode: 0x93)))
    }

    /// [MQTT-3.2.2.3.13]: where the configuration has none, they are refused one by one.
    @Test(arguments: [(ProtocolVersion.v5, UInt8(0x9E)), (.v3_1_1, 0x80)])
    func aSharedSubscriptionIsRefused(_ version: ProtocolVersion, _ code: UInt8) {
        var limits = SessionLimits()
        limits.sharedSubscriptions = false
        let stage = Stage(limits: limits)
        let connection = stage.connect("c", version: version)
        let filters = ["$share/group/a", "a"].map { Subscription(filter: $0, qos: .exactlyOnce) }
        let id = stage.id()
        stage.send(.subscribe(Subscribe(packetID: id, subscriptions: filters)), on: connection)
        let suback = Packet.suback(Suback(packetID: id, reasonCodes: [code, 0x02]))
        #expect(stage.take(connection).last == suback)
        #expect(stage.closed.isEmpty)
    }

    /// [MQTT-3.1.3-8]
    @Test func anEmptyClientIDNeedsACleanSessionBeforeVersion5() {
        let stage = Stage()
        let refused = stage.connect("", version: .v3_1_1, clean: false)
        #expect(stage.take(refused) == [.connack(Connack(reasonCode: 0x02))])
        #expect(stage.closed == [refused])
        #expect(stage.sessions.sessionCount == 0)
        let first = stage.connect("", version: .v3_1_1), second = stage.connect("")
        #expect(stage.closed == [refused])
        #expect(stage.sessions.sessionCount == 2, "each has an identifier of its own")
        #expect(stage.take(first) == [.connack(Connack())])
        guard case .connack(let connack)? = stage.take(second).first else {
            Issue.record("no CONNACK")
            return
        }
        #expect(
            connack.properties.contains {
                if case .assignedClientIdentifier = $0 { true } else { false }
            })
    }

    /// [MQTT-3.3.4-6]: it would be stored and given to every subscriber.
    @Test func aSubscriptionIdentifierFromAClientClosesTheConnection() {
        let stage = Stage()
        let connection = stage.connect("c")
        let publish = Publish(topic: "a", properties: [.subscriptionIdentifier(1)])
        stage.send(.publish(publish), on: connection)
        #expect(stage.take(connection).last == .disconnect(Disconnect(reasonCode: 0x82)))
        #expect(stage.closed == [connection])
    }

    /// What is still under way to an ended connection must not reach the next one.
    @Test func aConnectionNumberIsNeverUsedAgain() {
        let stage = Stage()
        var numbers: Set<Int> = []
        for round in 0..<50 {
            let first = stage.connect("a"), second = stage.connect("b")
            #expect(!numbers.contains(first) && !numbers.contains(second), "\(round)")
            numbers.formUnion([first, second])
            stage.cut(first)
            stage.send(.disconnect(Disconnect()), on: second)
            stage.send(.pingreq, on: first)
            #expect(stage.sessions.sessionCount == 0)
        }
        let last = stage.connect("c")
        for number in numbers { stage.cut(number) }
        stage.send(.pingreq, on: last)
        #expect(stage.take(last).last == .pingresp)
    }
}
