import MQTT
import Server
import TestSupport
import Testing

/// Checklist 4. MQTT over WebSocket (MQTT 5.0, section 6).
@Suite struct WebSocketTests {
    private static func harness() async throws -> ServerHarness {
        try await ServerHarness { configuration, _ in configuration.listeners[0].kind = .ws }
    }

    /// - Returns: the status line and headers that the server answered with.
    private static func request(
        _ client: WireClient, path: String = "/mqtt", subprotocol: String? = "mqtt"
    ) throws -> String {
        var text = """
            GET \(path) HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n
            """
        if let subprotocol { text += "Sec-WebSocket-Protocol: \(subprotocol)\r\n" }
        try client.send(Array((text + "\r\n").utf8))
        var answer: [UInt8] = []
        while !answer.suffix(4).elementsEqual("\r\n\r\n".utf8), let byte = try client.read(1) {
            answer += byte
        }
        return String(decoding: answer, as: UTF8.self)
    }

    /// A client's frame, masked.
    private static func frame(_ opcode: UInt8, _ payload: [UInt8], fin: Bool = true) -> [UInt8] {
        let mask: [UInt8] = [0x12, 0x34, 0x56, 0x78]
        return [(fin ? 0x80 : 0) | opcode, 0x80 | UInt8(payload.count)] + mask
            + payload.enumerated().map { $1 ^ mask[$0 % 4] }
    }

    /// - Returns: opcode and payload of the server's next frame.
    private static func read(_ client: WireClient) throws -> (opcode: UInt8, payload: [UInt8])? {
        guard let head = try client.read(2) else { return nil }
        #expect(head[1] < 126, "longer than these tests expect")
        return (head[0] & 0x0F, head[1] == 0 ? [] : try client.read(Int(head[1])) ?? [])
    }

    /// Fails if the subprotocol is not answered, or packets have to begin and end with frames.
    @Test func packetsAndFramesNeedNotEndTogether() async throws {
        let harness = try await Self.harness()
        let client = try WireClient(port: harness.port)
        let answer = try Self.request(client, subprotocol: "mqttv3.1, mqtt")
        #expect(answer.hasPrefix("HTTP/1.1 101 "))
        #expect(answer.lowercased().contains("sec-websocket-protocol: mqtt\r\n"), "\(answer)")
        let connect = ServerHarness.connect("c")
        // In three fragments of one message, with a ping between, then two packets in one frame.
        try client.send(Self.frame(2, Array(connect[..<3]), fin: false))
        try client.send(Self.frame(9, [7, 8]))
        try client.send(Self.frame(0, Array(connect[3..<9]), fin: false))
        try client.send(Self.frame(0, Array(connect[9...])))
        let pong = try #require(try Self.read(client))
        #expect(pong == (10, [7, 8]))
        let connack = try #require(try Self.read(client))
        #expect(connack.opcode == 2)
        try ServerHarness.expectConnack(connack.payload)
        try client.send(Self.frame(2, [0xC0, 0, 0xC0, 0]))
        var answers: [UInt8] = []
        while answers.count < 4, let next = try Self.read(client) { answers += next.payload }
        #expect(answers == [0xD0, 0, 0xD0, 0])
        try client.send(Self.frame(8, [0x03, 0xE8]))
        #expect(try Self.read(client)?.opcode == 8)
        #expect(try client.read(1) == nil)
        await harness.server.stop()
    }

    /// [MQTT-6.0.0-1] and RFC 6455. Fails if one of these is taken as MQTT.
    @Test func framesThatAreNotAllowedCloseWithTheirReason() async throws {
        let harness = try await Self.harness()
        let cases: [(frame: [UInt8], code: [UInt8])] = [
            (Self.frame(1, [0x61]), [0x03, 0xEB]),
            ([0x82, 0x01, 0x00], [0x03, 0xEA]),  // not masked
            (Self.frame(0, [0x10]), [0x03, 0xEA]),  // continues nothing
            // Longer than the largest packet: refused by its header.
            ([0x82, 0xFF, 0, 0, 0, 0, 0x10, 0, 0, 0], [0x03, 0xF1]),
        ]
        for (frame, code) in cases {
            let client = try WireClient(port: harness.port)
            #expect(try Self.request(client).hasPrefix("HTTP/1.1 101 "))
            try client.send(frame)
            let goodbye = try #require(try Self.read(client), "\(frame)")
            #expect(goodbye == (8, code), "\(frame)")
            #expect(try client.read(1) == nil, "\(frame)")
        }
        await harness.server.stop()
    }

    /// Fails if another path, or a client that does not say MQTT, is upgraded.
    @Test func whatDoesNotAskForMQTTIsNotUpgraded() async throws {
        let harness = try await Self.harness()
        var client = try WireClient(port: harness.port)
        #expect(try Self.request(client, path: "/other").hasPrefix("HTTP/1.1 404 "))
        #expect(try client.read(1) == nil)
        client = try WireClient(port: harness.port)
        #expect(try Self.request(client, subprotocol: nil).hasPrefix("HTTP/1.1 400 "))
        #expect(try client.read(1) == nil)
        await harness.server.stop()
    }
}
