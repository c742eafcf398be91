import Broker
import MQTT
import Server
import TestSupport
import Testing

/// Checklist 4. What strangers cannot do to a listener.
@Suite struct ListenerLimitTests {
    /// Fails if connections are not counted in, or not out again.
    @Test func oneConnectionTooManyIsClosedAndRoomIsGivenBack() async throws {
        let harness = try await ServerHarness { configuration, _ in
            configuration.listeners[0].maxConnections = 2
        }
        var first: WireClient? = try harness.client("a")
        let second = try harness.client("b")
        #expect(try WireClient(port: harness.port).read(1) == nil)
        try first?.send([0xE0, 0x00])
        #expect(try first?.read(1) == nil)
        first = nil
        // The server has seen the end of the first by the time that a connection stays open.
        var isLetIn = false
        for _ in 0..<200 where !isLetIn {
            let third = try WireClient(port: harness.port)
            try? third.send(ServerHarness.connect("c"))
            isLetIn = try third.packet() != nil
        }
        #expect(isLetIn)
        withExtendedLifetime(second) {}
        await harness.server.stop()
    }

    /// Fails if the rate is not looked at: the bucket holds one and fills too slowly for a second.
    @Test func connectionsThatComeTooFastAreClosed() async throws {
        let harness = try await ServerHarness { configuration, _ in
            configuration.listeners[0].maxConnectionRate = 0.001
        }
        let first = try harness.client("a")
        #expect(try WireClient(port: harness.port).read(1) == nil)
        withExtendedLifetime(first) {}
        await harness.server.stop()
    }

    /// Fails if silence, or half a CONNECT, may last; or if a connected client is ended with them.
    @Test func whoDoesNotConnectInTimeIsClosed() async throws {
        let harness = try await ServerHarness { configuration, _ in
            configuration.listeners[0].idleTimeout = 0.3
        }
        let connected = try harness.client("a")
        let silent = try WireClient(port: harness.port)
        let slow = try WireClient(port: harness.port)
        try slow.send(Array(ServerHarness.connect("b").dropLast()))
        #expect(try silent.read(1) == nil)
        #expect(try slow.read(1) == nil)
        try connected.send([0xC0, 0x00])
        #expect(try connected.packet() == [0xD0, 0x00])
        await harness.server.stop()
    }

    /// Fails if the server waits for the packet's bytes, or does not say why.
    @Test func aPacketThatIsTooLargeIsRefusedByItsHeader() async throws {
        let harness = try await ServerHarness { configuration, _ in
            configuration.sessions.packetBytes = 1_000
        }
        let client = try harness.client("a")
        // A PUBLISH of 2,000,000 bytes, of which only the header comes.
        try client.send([0x30, 0x80, 0x89, 0x7A])
        let packet = try #require(try client.packet())
        guard case .disconnect(let disconnect) = try Packet.read(packet.span.bytes, version: .v5)
        else {
            Issue.record("not a DISCONNECT: \(packet)")
            return
        }
        #expect(disconnect.reasonCode == 0x95)
        #expect(try client.read(1) == nil)
        await harness.server.stop()
    }

    /// Fails without `access.allowsAnonymous` being looked at before the session layer sees the CONNECT.
    @Test func nobodyAnonymousGetsInUnlessConfigured() async throws {
        let harness = try await ServerHarness { configuration, _ in
            configuration.access.allowsAnonymous = false
        }
        let client = try WireClient(port: harness.port)
        try client.send(ServerHarness.connect("a") + ServerHarness.publish("t", 1))
        try ServerHarness.expectConnack(client.packet(), reason: 0x87)
        #expect(try client.read(1) == nil)
        await harness.server.stop()
    }
}
