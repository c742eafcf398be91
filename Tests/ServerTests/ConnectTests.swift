import Knobs
import MQTT
import Server
import Storage
import TestSupport
import Testing

@Suite struct ConnectTests {
    @Test func aClientThatConnectsOverTCPIsAnswered() async throws {
        let scratch = ScratchDirectory()
        var configuration = ServerConfiguration(
            dataDirectory: scratch("data"),
            storage: StoreOptions(engine: .emqx58Local, setting: Setting()))
        configuration.listeners[0].endpoint.port = 0
        configuration.access.allowsAnonymous = true
        let server = try await BrokerServer(configuration)
        let client = try WireClient(port: server.ports[0])
        var packet: [UInt8] = []
        Packet.connect(Connect(version: .v5, clientID: "c")).write(to: &packet, version: .v5)
        try client.send(packet)
        let answer = try #require(try client.packet())
        guard case .connack(let connack) = try Packet.read(answer.span.bytes, version: .v5) else {
            Issue.record("not a CONNACK: \(answer)")
            return
        }
        #expect(connack.reasonCode == 0)
        await server.stop()
    }
}
