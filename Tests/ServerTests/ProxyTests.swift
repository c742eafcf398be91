import MQTT
import Server
import TestSupport
import Testing

/// Checklist 4. The PROXY protocol in front of MQTT.
@Suite struct ProxyTests {
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    private static let addresses: [UInt8] = [10, 0, 0, 1, 127, 0, 0, 1, 0x30, 0x39, 0x07, 0x5B]

    static let good: [[UInt8]] = [
        Array("PROXY TCP4 192.0.2.7 127.0.0.1 50000 1883\r\n".utf8),
        Array("PROXY TCP6 2001:db8::7 ::1 50000 1883\r\n".utf8),
        Array("PROXY UNKNOWN\r\n".utf8),
        signature + [0x21, 0x11, 0, 12] + addresses,
        // With a value behind the addresses, and of the proxy itself.
        signature + [0x21, 0x11, 0, 16] + addresses + [0x04, 0, 1, 0],
        signature + [0x20, 0x00, 0, 0],
    ]

    static let bad: [[UInt8]] = [
        Array("GET / HTTP/1.1\r\n\r\n".utf8),
        Array("PROXY TCP4 192.0.2.777 127.0.0.1 50000 1883\r\n".utf8),
        Array("PROXY TCP4 192.0.2.7 127.0.0.1 70000 1883\r\n".utf8),
        Array("PROXY TCP4 192.0.2.7 127.0.0.1 50000\r\n".utf8),
        Array("PROXY TCP4 192.0.2.7 127.0.0.1 50000 1883\n".utf8),
        Array(("PROXY TCP4 " + String(repeating: "1", count: 120)).utf8),
        signature + [0x31, 0x11, 0, 12] + addresses,
        signature + [0x22, 0x11, 0, 12] + addresses,
        signature + [0x21, 0x11, 0, 4, 1, 2, 3, 4],
        signature + [0x21, 0x11, 0xFF, 0xFF],
        ServerHarness.connect("c"),
    ]

    /// Fails if one of the two versions is not understood, or needs to arrive in one piece.
    @Test func aGoodHeaderIsTakenOffWhereverItIsCut() async throws {
        let harness = try await ServerHarness { configuration, _ in
            configuration.listeners[0].proxyProtocol = true
        }
        for header in Self.good {
            let client = try WireClient(port: harness.port)
            try client.send(Array(header.prefix(5)))
            try client.send(Array(header.dropFirst(5)) + ServerHarness.connect("c"))
            try ServerHarness.expectConnack(client.packet())
        }
        await harness.server.stop()
    }

    /// Fails if a bad header, or none, lets a client in or keeps the connection open.
    @Test func aBadHeaderEndsTheConnection() async throws {
        let harness = try await ServerHarness { configuration, _ in
            configuration.listeners[0].proxyProtocol = true
        }
        for header in Self.bad {
            let client = try WireClient(port: harness.port)
            try client.send(header)
            #expect(try client.read(1) == nil, "\(header)")
        }
        await harness.server.stop()
    }
}
