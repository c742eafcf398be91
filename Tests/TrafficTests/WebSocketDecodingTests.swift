import MQTT
import Testing
import Traffic

/// MQTT inside WebSocket.
struct WebSocketDecodingTests {
    private static let connect = Connect(version: .v5, clientID: "sensor")
    private static let session: [UInt8] =
        [
            Packet.connect(connect), .reading("a", "1"), .reading("b", "2", qos: .atLeastOnce),
            .pingreq,
            .reading("long", String(repeating: "x", count: 140)), .disconnect(Disconnect()),
        ].flatMap { $0.bytes(.v5) }

    private func expectSession(_ inspection: Inspection, _ what: Comment) {
        #expect(inspection.packets["CONNECT"] == 1, what)
        #expect(inspection.packets["PUBLISH"] == 3, what)
        #expect(inspection.packets["PINGREQ"] == 1, what)
        #expect(inspection.packets["DISCONNECT"] == 1, what)
        #expect(inspection.packets["CONNACK"] == 1, what)
        #expect(inspection.publish.payloadBytes == 142, what)
        #expect(inspection.malformedPackets == 0, what)
        #expect(inspection.quality.verdict == .good, what)
    }

    private func upgraded(_ port: UInt16 = 8083) -> Wire {
        var wire = Wire(brokerPort: port)
        wire.handshake()
        wire.client(WebSocket.request())
        wire.broker(WebSocket.answer())
        return wire
    }

    /// A message in two fragments with a ping between them, cut at every byte.
    @Test func packetsMaySpanFragmentsAtEveryPlace() throws {
        for split in 0...Self.session.count {
            var wire = upgraded()
            wire.client(
                WebSocket.frame(Array(Self.session[..<split]), isFinal: false, mask: 0xDEAD_BEEF))
            wire.client(WebSocket.frame([1, 2, 3], opcode: 9, mask: 7))
            wire.broker(WebSocket.frame([1, 2, 3], opcode: 10))
            wire.client(
                WebSocket.frame(Array(Self.session[split...]), opcode: 0, mask: 0x0102_0304))
            wire.broker(WebSocket.frame(Packet.connack(Connack()).bytes(.v5)))
            expectSession(try inspect(wire), "split at \(split)")
        }
    }

    /// Frames and TCP segments of every size, on the port of plain MQTT and on others.
    @Test(arguments: [1, 2, 3, 5, 17, 100, 10_000], [1883, 80, 18_083] as [UInt16])
    func framesMaySpanSegmentsAndShareThem(_ size: Int, _ port: UInt16) throws {
        var wire = Wire(brokerPort: port)
        wire.handshake()
        var stream: [UInt8] = []
        for start in stride(from: 0, to: Self.session.count, by: size) {
            let part = Array(Self.session[start..<min(start + size, Self.session.count)])
            stream += WebSocket.frame(part, mask: UInt32(truncatingIfNeeded: start &* 0x9E37_79B9))
        }
        let request = WebSocket.request()
        for start in stride(from: 0, to: request.count, by: size) {
            wire.client(Array(request[start..<min(start + size, request.count)]))
        }
        wire.broker(WebSocket.answer() + WebSocket.frame(Packet.connack(Connack()).bytes(.v5)))
        for start in stride(from: 0, to: stream.count, by: size) {
            wire.client(Array(stream[start..<min(start + size, stream.count)]))
        }
        expectSession(try inspect(wire), "in pieces of \(size)")
    }

    /// The file holds frames of the client before the broker's answer, and the answer before the request.
    @Test func reorderedUpgradeIsPutTogether() throws {
        var wire = upgraded()
        wire.client(WebSocket.frame(Self.session, mask: 1))
        wire.broker(WebSocket.frame(Packet.connack(Connack()).bytes(.v5)))
        wire.frames.swapAt(3, 4)
        expectSession(try inspect(wire), "frames before the answer")
        wire.frames.swapAt(3, 4)
        wire.frames.swapAt(2, 3)
        expectSession(try inspect(wire), "answer before the request")
    }

    @Test func largeFramesAreNotKept() throws {
        var wire = upgraded()
        let large = Packet.reading("large", String(repeating: "y", count: 100_000)).bytes(.v5)
        let bytes = WebSocket.frame(Self.session + large, mask: 99)
        for start in stride(from: 0, to: bytes.count, by: 1_400) {
            wire.client(Array(bytes[start..<min(start + 1_400, bytes.count)]))
        }
        let inspection = try inspect(wire)
        #expect(inspection.packets["PUBLISH"] == 4)
        #expect(inspection.publish.payloadBytes == 100_142)
    }

    @Test func compressedConnectionsAreRefusedWithAReason() throws {
        var wire = Wire()
        wire.connect()
        var compressed = Wire(clientPort: 51_000, brokerPort: 8083)
        compressed.handshake()
        compressed.client(
            WebSocket.request(extensions: "permessage-deflate; client_max_window_bits"))
        compressed.broker(WebSocket.answer(extensions: "permessage-deflate"))
        compressed.client(
            WebSocket.frame([0x2A, 0xCE, 0x2C, 0x01], isCompressed: true, mask: 0x0101_0101))
        wire.frames += compressed.frames
        let inspection = try inspect(wire)
        #expect(inspection.tcpStreams == 1)
        #expect(
            inspection.quality.reasons.contains {
                $0.hasPrefix("1 WebSocket connections are compressed (permessage-deflate)")
            })
    }

    /// Offering it is not using it.
    @Test func compressionThatWasNotGrantedIsNoReason() throws {
        var wire = Wire(brokerPort: 8083)
        wire.handshake()
        wire.client(WebSocket.request(extensions: "permessage-deflate"))
        wire.broker(WebSocket.answer())
        wire.client(WebSocket.frame(Self.session, mask: 1))
        wire.broker(WebSocket.frame(Packet.connack(Connack()).bytes(.v5)))
        expectSession(try inspect(wire), "offered")
    }

    @Test func otherWebSocketsAreLeftAlone() throws {
        var wire = Wire()
        wire.connect()
        var chat = Wire(clientPort: 51_000, brokerPort: 80)
        chat.handshake()
        chat.client(WebSocket.request(protocols: "chat"))
        chat.broker(WebSocket.answer(protocols: "chat"))
        for word in ["hello", "0123456789", "{\"a\":1}"] {
            chat.client(WebSocket.frame(Array(word.utf8), opcode: 1, mask: 5))
            chat.broker(WebSocket.frame(Array(word.utf8), opcode: 1))
        }
        wire.frames += chat.frames
        let inspection = try inspect(wire)
        #expect(inspection.tcpStreams == 1)
        #expect(inspection.malformedPackets == 0)
        #expect(inspection.quality.verdict == .good)
    }

    /// Text is no MQTT; what follows is.
    @Test func textMessagesAreCountedAsMalformed() throws {
        var wire = upgraded()
        wire.client(WebSocket.frame(Self.session, mask: 1))
        wire.broker(WebSocket.frame(Array("hello".utf8), opcode: 1))
        wire.broker(WebSocket.frame(Packet.connack(Connack()).bytes(.v5)))
        let inspection = try inspect(wire)
        #expect(inspection.malformedPackets == 1)
        #expect(inspection.packets["CONNACK"] == 1)
    }

    /// The mask tells who is the client, whichever ports they have.
    @Test(arguments: [(50_000, 8083), (2_000, 50_000), (1883, 40_000)] as [(UInt16, UInt16)])
    func captureThatBeginsAfterTheUpgradeIsRead(_ client: UInt16, _ broker: UInt16) throws {
        var wire = Wire(clientPort: client, brokerPort: broker)
        wire.broker(WebSocket.frame(Packet.reading("news", "1").bytes()))
        for number in 0..<3 {
            wire.client(
                WebSocket.frame(Packet.reading("a", "\(number)").bytes(), mask: 0xA5A5_5A5A))
        }
        wire.client(WebSocket.frame(Packet.pingreq.bytes(), mask: 3))
        wire.broker(WebSocket.frame(Packet.pingresp.bytes()))
        let (trace, inspection) = try load(wire)
        #expect(inspection.packets["PUBLISH"] == 4)
        #expect(inspection.packets["PINGREQ"] == 1)
        #expect(inspection.packets["PINGRESP"] == 1)
        #expect(inspection.quality.connectionsWithoutConnect == 1)
        #expect(inspection.malformedPackets == 0)
        #expect(trace.connections.map(\.peer.port) == [client])
        #expect(try trace.publishes().count == 3)
    }

    /// A segment is missing; the frames behind it are found again.
    @Test(arguments: [[7], [7, 8], [8, 9, 10]]) func framesAreFoundAgainAfterAGap(_ lost: [Int])
        throws
    {
        var wire = Wire(brokerPort: 8083)
        wire.connectOverWebSocket(Self.connect)
        for number in 0..<12 {
            let packet = Packet.reading("a/b", "value \(number)", qos: .atLeastOnce).bytes(.v5)
            wire.client(WebSocket.frame(packet, mask: 0x0BAD_CAFE &* UInt32(number)))
        }
        for index in lost.reversed() { wire.frames.remove(at: index) }
        wire.finish()
        let inspection = try inspect(wire)
        #expect(inspection.packets["PUBLISH"] == 12 - lost.count)
        #expect(inspection.malformedPackets == 0)
        #expect(inspection.quality.lostBytes > 0)
    }

    /// Bytes are missing inside a frame of which the header is there: its end is still known.
    @Test func gapInsideAFrameLosesOnePacket() throws {
        var wire = Wire(brokerPort: 8083)
        wire.connectOverWebSocket(Self.connect)
        let packets = [
            Packet.reading("a", String(repeating: "z", count: 500)), .reading("b", "1"),
            .reading("c", "2"),
        ]
        let stream = packets.flatMap { WebSocket.frame($0.bytes(.v5), mask: 0x1111_2222) }
        wire.client(Array(stream[..<100]))
        let gap = wire.frames.count
        wire.client(Array(stream[100..<200]))
        wire.client(Array(stream[200...]))
        wire.frames.remove(at: gap)
        wire.finish()
        let inspection = try inspect(wire)
        #expect(inspection.packets["PUBLISH"] == 2)
        #expect(inspection.malformedPackets == 0)
        #expect(inspection.quality.lostBytes == 100)
    }
}
