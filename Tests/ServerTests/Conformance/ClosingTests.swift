import MQTT
import Server
import TestSupport
import Testing

/// What the session layer decides about a connection's end, seen from the other end of a socket; the rules
/// themselves are held in `BrokerTests/Conformance`.
@Suite struct ClosingTests {
    private static func connect(_ version: ProtocolVersion) -> [UInt8] {
        var bytes: [UInt8] = []
        Packet.connect(Connect(version: version, clientID: "c")).write(to: &bytes, version: version)
        return bytes
    }

    /// Bytes after an accepted CONNECT, and the reason of the DISCONNECT that comes before the end; and in
    /// 3.1.1, which has none, the end alone. [MQTT-4.13.1-1], [MQTT-3.14.4-2]
    @Test func brokenPacketsEndTheConnectionWithTheirReason() async throws {
        let broker = try await RunningBroker()
        for (bytes, code) in [
            ([0xC1, 0], 0x81), ([0x36, 6, 0, 1, 0x74, 0, 1, 0], 0x81), ([0x82, 3, 0, 1, 0], 0x82),
            ([0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], 0x81), ([0x30, 0xFF, 0xFF, 0xFF, 0x7F], 0x95),
            ([0x30, 7, 0, 1, 0x74, 3, 0x23, 0, 0], 0x94), ([0xF0, 0], 0x82),
        ] as [([UInt8], UInt8)] {
            // What version 5 reads as a property is payload to 3.1.1.
            for version in code == 0x94 ? [ProtocolVersion.v5] : [.v3_1_1, .v5] {
                let client = try WireClient(port: broker.port)
                try client.send(Self.connect(version))
                #expect(try client.packet()?.first == 0x20)
                try client.send(bytes)
                if version == .v5 {
                    let last = try client.packet()
                    let farewell = try #require(last)
                    #expect(farewell[0] == 0xE0, "\(bytes)")
                    #expect(farewell.count > 2 && farewell[2] == code, "\(bytes): \(farewell)")
                }
                #expect(try client.packet() == nil, "\(bytes) \(version)")
            }
        }
        await broker.server.stop()
    }

    /// Who does not begin with CONNECT is closed without a word. [MQTT-3.1.0-1], [MQTT-3.14.0-1]
    @Test func whoDoesNotBeginWithConnectIsClosed() async throws {
        let broker = try await RunningBroker()
        for bytes in [[0xC0, 0], [0x30, 3, 0, 1, 0x74], Array("GET / HTTP/1.1\r\n\r\n".utf8)]
            as [[UInt8]]
        {
            let client = try WireClient(port: broker.port)
            try client.send(bytes)
            #expect(try client.packet() == nil, "\(bytes)")
        }
        await broker.server.stop()
    }

    /// Two packets in one segment, and one packet in many, are the same packets. [MQTT-4.2-1]
    @Test func packetsAreFoundHoweverTheyAreCut() async throws {
        let broker = try await RunningBroker()
        let bytes = Self.connect(.v5) + [0xC0, 0, 0xC0, 0]
        for pieces in [[bytes], bytes.map { [$0] }] {
            let client = try WireClient(port: broker.port)
            for piece in pieces { try client.send(piece) }
            #expect(try client.packet()?.first == 0x20)
            #expect(try client.packet() == [0xD0, 0])
            #expect(try client.packet() == [0xD0, 0])
        }
        await broker.server.stop()
    }
}
