import Foundation
import Knobs
import MQTT
import Server
import Storage
import TestSupport
import Testing

/// The door and the rules as a client meets them.
@Suite struct AccessOverTheWireTests {
    private static func configuration(in scratch: ScratchDirectory) -> ServerConfiguration {
        var setting = EngineModel.article.standardSetting
        setting["n_shards"] = 1
        var configuration = ServerConfiguration(
            dataDirectory: scratch("data"),
            storage: StoreOptions(engine: .article, setting: setting))
        configuration.listeners[0].endpoint.port = 0
        configuration.admin = nil
        return configuration
    }

    /// - Returns: the client and the reason code of its CONNACK; nil if there was none.
    private static func connect(
        _ server: BrokerServer, _ name: String? = nil, _ password: String? = nil,
        version: ProtocolVersion = .v5
    ) throws -> (client: WireClient, code: UInt8?) {
        let client = try WireClient(port: server.ports[0])
        var bytes: [UInt8] = []
        let connect = Connect(
            version: version, clientID: "c1", username: name, hasPassword: password != nil)
        connect.write(to: &bytes, password: Array((password ?? "").utf8))
        try client.send(bytes)
        guard let answer = try client.packet() else { return (client, nil) }
        guard case .connack(let connack) = try Packet.read(answer.span.bytes, version: version)
        else { return (client, nil) }
        return (client, connack.reasonCode)
    }

    private static func answer(
        _ client: WireClient, to packet: Packet, version: ProtocolVersion = .v5
    ) throws -> Packet? {
        var bytes: [UInt8] = []
        packet.write(to: &bytes, version: version)
        try client.send(bytes)
        return try client.packet().map { try Packet.read($0.span.bytes, version: version) }
    }

    /// Checklist 4. Fails if a client without a name gets in while nothing says so.
    @Test func nobodyAnonymousIsServed() async throws {
        let scratch = ScratchDirectory()
        let server = try await BrokerServer(Self.configuration(in: scratch))
        // 3.1.1, table 3.1: not authorized is 5.
        let codes = try [ProtocolVersion.v5, .v3_1_1].map {
            try Self.connect(server, version: $0).code
        }
        await server.stop()
        #expect(codes == [0x87, 5])
    }

    /// Fails if a wrong password opens, the right one does not, or a rule is not asked.
    @Test func usersGetInAndDoWhatTheirRulesAllow() async throws {
        let scratch = ScratchDirectory()
        var users = UserFile(newAt: scratch("users"))
        try users.set("ann", PasswordHash(of: Array("right".utf8), logRounds: 10))
        try users.write()
        try "allow user ann publish s/%u/#\nallow all subscribe s/%c\n"
            .write(toFile: scratch("rules"), atomically: true, encoding: .utf8)
        var configuration = Self.configuration(in: scratch)
        configuration.access.users = scratch("users")
        configuration.access.rules = scratch("rules")
        let server = try await BrokerServer(configuration)
        let outcome = Result {
            #expect(try Self.connect(server).code == 0x87)
            #expect(try Self.connect(server, "ann", "wrong").code == 0x86)
            #expect(try Self.connect(server, "bob", "right").code == 0x86)
            #expect(try Self.connect(server, "ann", "wrong", version: .v3_1_1).code == 4)
            let (client, code) = try Self.connect(server, "ann", "right")
            #expect(code == 0)
            for (topic, expected) in [("s/ann/t", [0x00, 0x10]), ("s/bob/t", [0x87])]
                as [(String, [UInt8])]
            {
                let publish = Publish(
                    qos: .atLeastOnce, topic: topic, packetID: PacketID(1), payload: [1])
                guard case .puback(let puback)? = try Self.answer(client, to: .publish(publish))
                else {
                    Issue.record("no PUBACK for \(topic)")
                    continue
                }
                #expect(expected.contains(puback.reasonCode), "\(topic)")
            }
            let filters = ["s/c1", "s/+", "#"]
            let subscribe = try Subscribe(
                packetID: #require(PacketID(2)),
                subscriptions: filters.map { Subscription(filter: $0, qos: .atLeastOnce) })
            guard case .suback(let suback)? = try Self.answer(client, to: .subscribe(subscribe))
            else {
                Issue.record("no SUBACK")
                return
            }
            #expect(suback.reasonCodes == [1, 0x87, 0x87])
        }
        await server.stop()
        try outcome.get()
    }
}
