import MQTT
import Testing
import Traffic

/// Which connections carry MQTT, and where its packets begin and end.
struct ConversationTests {
    private static let session = [
        Packet.reading("a", "1"), .reading("b", "2", qos: .atLeastOnce),
        .subscribe(
            Subscribe(
                packetID: PacketID(9).unsafelyUnwrapped,
                subscriptions: [Subscription(filter: "c/#", qos: .atLeastOnce)])),
        .pingreq, .reading("long", String(repeating: "x", count: 300)), .disconnect(Disconnect()),
    ]

    /// Every size of segment, down to a byte each.
    @Test(arguments: [1, 2, 3, 5, 17, 100, 10_000], ProtocolVersion.allCases)
    func packetsMaySpanSegmentsAndShareThem(_ size: Int, _ version: ProtocolVersion) throws {
        var wire = Wire()
        wire.handshake()
        let connect = Packet.connect(Connect(version: version, clientID: "sensor"))
        let bytes = ([connect] + Self.session).flatMap { $0.bytes(version) }
        for start in stride(from: 0, to: bytes.count, by: size) {
            wire.client(Array(bytes[start..<min(start + size, bytes.count)]))
        }
        let inspection = try inspect(wire)
        #expect(inspection.packets["CONNECT"] == 1)
        #expect(inspection.packets["PUBLISH"] == 3)
        #expect(inspection.packets["SUBSCRIBE"] == 1)
        #expect(inspection.packets["PINGREQ"] == 1)
        #expect(inspection.packets["DISCONNECT"] == 1)
        #expect(inspection.packets.values.reduce(0, +) == 7)
        #expect(inspection.publish.payloadBytes == 302)
        #expect(inspection.quality.verdict == .good)
    }

    @Test func anyPortCarriesMQTTIfItBeginsWithConnect() throws {
        var wire = Wire(brokerPort: 18_883)
        wire.connect()
        wire.client(.reading())
        #expect(try inspect(wire).packets["PUBLISH"] == 1)
    }

    @Test func otherProtocolsAreLeftAlone() throws {
        var wire = Wire()
        wire.connect()
        var web = Wire(clientPort: 51_000, brokerPort: 80)
        web.handshake()
        web.client(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        web.broker(Array("HTTP/1.1 200 OK\r\n\r\n".utf8))
        wire.frames += web.frames
        let inspection = try inspect(wire)
        #expect(inspection.tcpStreams == 1)
        #expect(inspection.malformedPackets == 0)
        #expect(inspection.quality.verdict == .good)
    }

    @Test func encryptedConnectionsAreCounted() throws {
        var wire = Wire()
        wire.connect()
        var tls = Wire(clientPort: 51_000, brokerPort: 8883)
        tls.handshake()
        tls.client([0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0, 0, 1, 0])
        wire.frames += tls.frames
        let quality = try inspect(wire).quality
        #expect(quality.encryptedConnections == 1)
        #expect(quality.verdict == .usable)
    }

    @Test func portsUsedAgainMakeAnotherConnection() throws {
        var wire = Wire()
        for (client, sequence) in [("first", 1_000), ("second", 777_777), ("third", 900)]
            as [(String, UInt32)]
        {
            (wire.clientSequence, wire.brokerSequence) = (sequence, sequence &* 3)
            wire.connect(Connect(version: .v3_1_1, clientID: client))
            wire.client(.reading())
            // The third follows a connection whose end was not captured.
            if client == "first" { wire.finish() }
        }
        let (trace, inspection) = try load(wire)
        #expect(inspection.connections == 3)
        #expect(inspection.clients == 3)
        #expect(inspection.packets["PUBLISH"] == 3)
        #expect(trace.connections.map(\.clientID) == ["first", "second", "third"])
        #expect(trace.events.compactMap(\.ending) == [.fin, .reset, .endOfCapture])
    }

    @Test(arguments: [ProtocolVersion.v3_1_1, .v5]) func connectionWithoutConnectIsInferred(
        _ version: ProtocolVersion
    ) throws {
        var wire = Wire()
        wire.client(.reading("a", "{}"), .pingreq, version: version)
        wire.broker(.pingresp, .reading("b", "{}"), version: version)
        wire.client(.reading("a", "{}"), version: version)
        let (trace, inspection) = try load(wire)
        #expect(inspection.connections == 1)
        #expect(inspection.clients == 0)
        #expect(inspection.packets["PUBLISH"] == 3)
        #expect(inspection.publish.payloadBytes == 6)
        #expect(inspection.quality.connectionsWithoutConnect == 1)
        let connection = try #require(trace.connections.first)
        #expect(
            connection
                == Trace.Connection(
                    clientID: "", version: version, peer: connection.peer, connectSeen: false))
        #expect(connection.peer.port == wire.clientPort)
    }

    /// The capture begins inside a packet of which the end looks like others.
    @Test func captureThatBeginsInsideAPacketFindsTheNext() throws {
        let payload = String(repeating: "0.1 0#2 @@ 10 200 ", count: 20)
        let bytes =
            Packet.reading("a", payload).bytes() + Packet.reading("b", "2").bytes()
            + Packet.pingreq.bytes()
        for start in stride(from: 1, to: 300, by: 13) {
            var wire = Wire()
            wire.client(Array(bytes[start...]))
            let inspection = try inspect(wire)
            #expect(inspection.packets["PUBLISH"] == 1, "from byte \(start)")
            #expect(inspection.packets["PINGREQ"] == 1, "from byte \(start)")
            #expect(inspection.malformedPackets == 0, "from byte \(start)")
        }
    }

    @Test func malformedPacketIsCountedAndTheNextIsRead() throws {
        var wire = Wire()
        wire.connect()
        var qos3 = Packet.reading("a", "1", qos: .exactlyOnce).bytes()
        qos3[0] |= 0b0110
        wire.client(qos3)
        wire.client(.reading())
        // Sent by the wrong side
        wire.broker(.pingreq)
        wire.broker(.reading())
        let inspection = try inspect(wire)
        #expect(inspection.malformedPackets == 2)
        #expect(inspection.packets["PUBLISH"] == 2)
        #expect(inspection.packets["PINGREQ"] == 0)
        #expect(inspection.quality.verdict == .usable)
    }

    /// Both sides of a reordered opening: CONNACK lies in the file before CONNECT.
    @Test(arguments: [1883, 4_000] as [UInt16]) func answerBeforeTheQuestionIsKept(_ port: UInt16)
        throws
    {
        var wire = Wire(brokerPort: port)
        wire.connect(Connect(version: .v5, clientID: "sensor"))
        wire.frames.swapAt(2, 3)
        wire.client(.reading(), version: .v5)
        let inspection = try inspect(wire)
        #expect(inspection.packets["CONNECT"] == 1)
        #expect(inspection.packets["CONNACK"] == 1)
        #expect(inspection.packets["PUBLISH"] == 1)
        #expect(inspection.malformedPackets == 0)
    }
}
