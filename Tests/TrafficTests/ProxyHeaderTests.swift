import MQTT
import Testing
import Traffic

/// What a load balancer puts in front of MQTT.
struct ProxyHeaderTests {
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    private static let source = [198, 51, 100, 22] as [UInt8]
    private static let source6 = [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [9]

    /// - Parameter body: addresses, ports and further values.
    private static func binary(_ command: UInt8, _ family: UInt8, _ body: [UInt8]) -> [UInt8] {
        signature + [command, family] + UInt16(body.count).wire + body
    }

    struct Form: CustomTestStringConvertible {
        let testDescription: String
        let header: [UInt8]
        /// Nil: the connection's own.
        let peer: Endpoint?
    }

    static let forms: [Form] = [
        Form(
            testDescription: "v1 TCP4",
            header: Array("PROXY TCP4 198.51.100.22 203.0.113.7 35646 1883\r\n".utf8),
            peer: Endpoint(address: source, port: 35_646)),
        Form(
            testDescription: "v1 TCP6",
            header: Array("PROXY TCP6 2001:db8::9 2001:db8::1 35646 1883\r\n".utf8),
            peer: Endpoint(address: source6, port: 35_646)),
        Form(testDescription: "v1 UNKNOWN", header: Array("PROXY UNKNOWN\r\n".utf8), peer: nil),
        Form(
            testDescription: "v1 UNKNOWN with more",
            header: Array("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n".utf8),
            peer: nil),
        Form(
            testDescription: "v2 TCP over IPv4",
            header: binary(
                0x21, 0x11, source + [203, 0, 113, 7] + UInt16(35_646).wire + UInt16(1883).wire),
            peer: Endpoint(address: source, port: 35_646)),
        Form(
            testDescription: "v2 TCP over IPv6 with values",
            header: binary(
                0x21, 0x21,
                source6 + source6 + UInt16(35_646).wire + UInt16(1883).wire
                    // PP2_TYPE_AUTHORITY and PP2_TYPE_NOOP
                    + [0x02, 0, 3, 0x61, 0x2E, 0x62, 0x04, 0, 2, 0, 0]),
            peer: Endpoint(address: source6, port: 35_646)),
        Form(testDescription: "v2 LOCAL", header: binary(0x20, 0x00, []), peer: nil),
        Form(
            testDescription: "v2 UNIX",
            header: binary(0x21, 0x31, [UInt8](repeating: 0x2F, count: 216)), peer: nil),
    ]

    @Test(arguments: forms) func clientIsTheOneThatTheHeaderNames(_ form: Form) throws {
        for port in [1883, 4_000] as [UInt16] {
            var wire = Wire(brokerPort: port)
            wire.handshake()
            let connect = Packet.connect(Connect(version: .v5, clientID: "sensor")).bytes()
            wire.client(form.header + connect)
            wire.broker(.connack(Connack()), version: .v5)
            wire.client(.reading("a", "1"), version: .v5)
            let (trace, inspection) = try load(wire)
            #expect(inspection.packets["PUBLISH"] == 1)
            #expect(inspection.packets["CONNACK"] == 1)
            #expect(inspection.malformedPackets == 0)
            #expect(inspection.quality.verdict == .good)
            let connection = try #require(trace.connections.first)
            if let peer = form.peer {
                #expect(connection.peer == peer)
            } else {
                #expect(connection.peer.port == wire.clientPort)
            }
        }
    }

    @Test func headerMayBeCutAnywhere() throws {
        for form in [Self.forms[0], Self.forms[5]] {
            let connect = Packet.connect(Connect(version: .v3_1_1, clientID: "sensor")).bytes()
            let bytes = form.header + connect
            for split in 1..<bytes.count {
                var wire = Wire(brokerPort: 4_000)
                wire.handshake()
                wire.client(Array(bytes[..<split]))
                wire.client(Array(bytes[split...]))
                let (trace, inspection) = try load(wire)
                #expect(inspection.packets["CONNECT"] == 1, "split at \(split)")
                #expect(trace.connections.first?.peer == form.peer, "split at \(split)")
            }
        }
    }

    @Test func webSocketMayFollow() throws {
        var wire = Wire(brokerPort: 8083)
        wire.handshake()
        wire.client(Self.forms[0].header + WebSocket.request())
        wire.broker(WebSocket.answer())
        let connect = Packet.connect(Connect(version: .v3_1_1, clientID: "sensor")).bytes()
        wire.client(WebSocket.frame(connect, mask: 77))
        let (trace, inspection) = try load(wire)
        #expect(inspection.packets["CONNECT"] == 1)
        #expect(trace.connections.first?.peer == Self.forms[0].peer)
    }

    @Test(arguments: [
        Array("PROXY TCP4 198.51.100.22 203.0.113.7 35646\r\n".utf8),
        Array("PROXY TCP4 198.51.100.999 203.0.113.7 35646 1883\r\n".utf8),
        Array("PROXY TCP4 198.51.100.22 203.0.113.7 35646 70000\r\n".utf8),
        Array("PROXY TCP4 198.51.100.22 203.0.113.7 35646 1883\n".utf8),
        Array(("PROXY UNKNOWN " + String(repeating: "x", count: 200) + "\r\n").utf8),
        signature + [0x31, 0x11, 0, 0], signature + [0x21, 0x11, 0, 4, 1, 2, 3, 4],
        signature + [0x21, 0x11, 0xFF, 0xFF],
    ]) func whatIsNoHeaderIsLeftAlone(_ header: [UInt8]) throws {
        var wire = Wire()
        wire.connect()
        var bad = Wire(clientPort: 51_000, brokerPort: 4_000)
        bad.handshake()
        bad.client(header + Packet.connect(Connect(version: .v5, clientID: "x")).bytes())
        bad.broker([0x20, 3, 0, 0, 0])
        wire.frames += bad.frames
        #expect(try inspect(wire).tcpStreams == 1)
    }
}
