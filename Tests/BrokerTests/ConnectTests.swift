import Broker
import MQTT
import Measure
import Testing

/// What CONNECT asks for and CONNACK answers.
@Suite struct ConnectTests {
    private func connack(_ stage: Stage, _ connection: Int) throws -> Connack {
        guard case .connack(let connack)? = stage.take(connection).first else {
            throw CodecError.incomplete(needed: 1)
        }
        return connack
    }

    private func connect(_ connect: Connect, on stage: Stage) -> Int {
        let connection = stage.open()
        stage.send(.connect(connect), on: connection)
        return connection
    }

    /// [MQTT-3.1.2-2]: a level of 6 is answered in the words of version 5, 2 in those of 3.1.1.
    @Test(arguments: [[6, 0x84], [2, 0x01]] as [[UInt8]])
    func anUnknownProtocolLevelIsAnswered(_ unknown: [UInt8]) {
        let sessions = SessionLayer(store: Stage().store)
        let stage = Stage()
        let number = sessions.opened(from: stage.peer)
        var outbox = Outbox()
        let packet: [UInt8] = [
            0x10, 0x0D, 0, 4, 0x4D, 0x51, 0x54, 0x54, unknown[0], 2, 0, 0, 0, 1, 0x63,
        ]
        sessions.receive(
            packet.span.bytes, on: number, intended: stage.now, at: stage.now, into: &outbox)
        #expect(outbox.bytes[0] == 0x20 && outbox.bytes[3] == unknown[1])
        #expect(outbox.items.count == 2, "it is closed")
        #expect(sessions.connectionCount == 0)
    }

    /// [MQTT-3.1.4-1]: a second Receive Maximum is a protocol error, a reserved flag makes CONNECT malformed.
    @Test(
        arguments: [
            (
                [
                    0x10, 0x14, 0, 4, 0x4D, 0x51, 0x54, 0x54, 5, 2, 0, 0, 6, 0x21, 0, 1, 0x21, 0, 1,
                    0, 1, 0x63,
                ], 0x82
            ),
            ([0x10, 0x0E, 0, 4, 0x4D, 0x51, 0x54, 0x54, 5, 3, 0, 0, 0, 0, 1, 0x63], 0x81),
        ] as [(bytes: [UInt8], code: UInt8)])
    func aBrokenConnectOfVersion5IsAnswered(_ bad: (bytes: [UInt8], code: UInt8)) throws {
        let stage = Stage()
        let connection = stage.open()
        stage.send(bad.bytes, on: connection)
        #expect(try connack(stage, connection).reasonCode == bad.code)
        #expect(stage.closed == [connection])
    }

    /// [MQTT-4.12.0-1]
    @Test func anAuthenticationMethodIsRefused() throws {
        let stage = Stage()
        let connection = connect(
            Connect(
                version: .v5, clientID: "c", properties: [.authenticationMethod("SCRAM-SHA-1")]),
            on: stage)
        #expect(try connack(stage, connection).reasonCode == 0x8C)
        let other = stage.connect("d")
        stage.send(.auth(Auth(reasonCode: 0x18)), on: other)
        #expect(stage.take(other).last == .disconnect(Disconnect(reasonCode: 0x82)))
        #expect(stage.closed == [connection, other])
    }

    /// Fails if a publisher whose messages the broker does not take, so that it does not read its pings either, is
    /// dropped for being silent; or if it may be silent for ever once it is let go.
    @Test func whoIsHeldBackIsNotSilent() {
        let stage = Stage()
        let held = connect(Connect(version: .v5, clientID: "a", keepAlive: 10), on: stage)
        stage.sessions.holdBack(held)
        stage.pass(.seconds(100))
        #expect(stage.closed.isEmpty)
        stage.sessions.letGo(held, at: stage.now)
        stage.pass(.seconds(14))
        #expect(stage.closed.isEmpty)
        stage.pass(.seconds(2))
        #expect(stage.closed == [held])
    }

    /// [MQTT-3.1.2-22]. Fails if who speaks is dropped, or who is silent is kept.
    @Test func aSilentClientIsDroppedAfterOneAndAHalfKeepAlives() {
        let stage = Stage()
        let silent = connect(Connect(version: .v5, clientID: "a", keepAlive: 10), on: stage)
        let speaking = connect(Connect(version: .v5, clientID: "b", keepAlive: 10), on: stage)
        let careless = connect(Connect(version: .v5, clientID: "c"), on: stage)
        for _ in 0..<7 {
            stage.pass(.seconds(2))
            stage.send(.pingreq, on: speaking)
            #expect(stage.closed.isEmpty)
        }
        stage.pass(.seconds(2))
        #expect(stage.closed == [silent])
        #expect(stage.take(silent).last == .disconnect(Disconnect(reasonCode: 0x8D)))
        stage.pass(.seconds(16))
        #expect(stage.closed == [silent, speaking])
        stage.pass(.seconds(100_000))
        #expect(!stage.closed.contains(careless))
        #expect(stage.sessions.counters.silent == 2)
    }

    @Test func theServersKeepAliveHolds() throws {
        var limits = SessionLimits()
        limits.serverKeepAlive = 4
        limits.keepAliveMultiplier = 2
        let stage = Stage(limits: limits)
        let connection = stage.connect("a")
        #expect(try connack(stage, connection).properties.contains(.serverKeepAlive(4)))
        stage.pass(.seconds(7))
        #expect(stage.closed.isEmpty)
        stage.pass(.seconds(2))
        #expect(stage.closed == [connection])
    }

    /// [MQTT-3.14.2-2]
    @Test func anExpiryOfZeroCannotBeTakenBack() {
        let stage = Stage()
        let first = stage.connect("a")
        stage.send(
            .disconnect(Disconnect(properties: [.sessionExpiryInterval(60)])), on: first)
        #expect(stage.take(first).last == .disconnect(Disconnect(reasonCode: 0x82)))
        let second = stage.connect("b", expiry: 60)
        stage.disconnect(second, properties: [.sessionExpiryInterval(0)])
        #expect(stage.sessions.sessionCount == 0)
        let third = stage.connect("c", expiry: 60)
        stage.disconnect(third, properties: [.sessionExpiryInterval(600)])
        stage.pass(.seconds(500))
        #expect(stage.sessions.sessionCount == 1)
        stage.pass(.seconds(102))
        #expect(stage.sessions.sessionCount == 0)
    }

    @Test func expiryIsCappedAndTheClientIsTold() throws {
        var limits = SessionLimits()
        limits.largestExpiry = 100
        let stage = Stage(limits: limits)
        let connection = stage.connect("a", expiry: .max)
        #expect(try connack(stage, connection).properties.contains(.sessionExpiryInterval(100)))
        stage.cut(connection)
        stage.pass(.seconds(102))
        #expect(stage.sessions.sessionCount == 0)
    }

    @Test func assignedIdentifiersDoNotRepeatOrFollowEachOther() throws {
        var seen: Set<String> = []
        for _ in 0..<3 {
            let stage = Stage()
            for _ in 0..<20 {
                let connack = try connack(stage, stage.connect(""))
                for case .assignedClientIdentifier(let id) in connack.properties { seen.insert(id) }
            }
        }
        #expect(seen.count == 60)
        #expect(Set(seen.map { $0.prefix(12) }).count > 50, "they cannot be guessed")
    }

    /// The connection that is taken over hears why [MQTT-3.1.4-3].
    @Test func aTakenOverConnectionIsTold() throws {
        let stage = Stage()
        let first = stage.connect("a", clean: false, expiry: 60)
        let second = stage.connect("a", clean: false, expiry: 60)
        #expect(stage.take(first).last == .disconnect(Disconnect(reasonCode: 0x8E)))
        #expect(try connack(stage, second).sessionPresent)
        #expect(stage.closed == [first])
    }

    /// Fails if an identifier is forgotten before its time, or never.
    @Test func anUnreleasedIdentifierIsForgottenInItsTime() {
        let stage = Stage()
        let sender = stage.connect("a")
        let publish = Packet.publish(
            Publish(qos: .exactlyOnce, topic: "t", packetID: PacketID(7)))
        stage.send(publish, on: sender)
        stage.pass(.seconds(290))
        stage.send(.pubrel(Acknowledgement(packetID: PacketID(7)!)), on: sender)
        #expect(stage.take(sender).last == .pubcomp(Acknowledgement(packetID: PacketID(7)!)))
        stage.send(publish, on: sender)
        for _ in 0..<8 { stage.pass(.seconds(75)) }
        stage.send(.pubrel(Acknowledgement(packetID: PacketID(7)!)), on: sender)
        #expect(
            stage.take(sender).last
                == .pubcomp(Acknowledgement(packetID: PacketID(7)!, reasonCode: 0x92)))
    }

    @Test(arguments: [(ProtocolVersion.v5, UInt8(0x87)), (.v3_1_1, 5), (.v3_1, 5)])
    func whoIsTurnedDownElsewhereIsToldInItsVersion(
        _ version: ProtocolVersion, _ code: UInt8
    ) throws {
        let stage = Stage()
        let number = stage.sessions.opened(from: stage.peer)
        var packet: [UInt8] = []
        Packet.connect(Connect(version: version, clientID: "c")).write(
            to: &packet, version: version)
        var outbox = Outbox()
        stage.sessions.refuse(
            number, reason: 0x87, packet: packet.span.bytes, at: stage.now, into: &outbox)
        let span = outbox.bytes.span.bytes
        #expect(try Packet.read(span, version: version) == .connack(Connack(reasonCode: code)))
        #expect(stage.sessions.connectionCount == 0)
    }
}
