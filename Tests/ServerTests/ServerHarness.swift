import Foundation
import Knobs
import MQTT
import Server
import Storage
import TestSupport
import Testing

/// A broker on a free port of loopback, for one test.
struct ServerHarness {
    let server: BrokerServer
    let scratch: ScratchDirectory
    var port: Int { server.ports[0] }

    /// One shard unless the test says otherwise: opening sixteen takes a second in debug.
    static func configuration(_ scratch: ScratchDirectory, data: String? = nil)
        -> ServerConfiguration
    {
        let setting = Setting(["n_shards": 1])
        var configuration = ServerConfiguration(
            dataDirectory: data ?? scratch("data"),
            storage: StoreOptions(engine: .emqx58Local, setting: setting, miniature: 64))
        configuration.listeners[0].endpoint.port = 0
        configuration.access.allowsAnonymous = true
        configuration.admin = nil
        return configuration
    }

    init(_ change: (inout ServerConfiguration, ScratchDirectory) throws -> Void = { _, _ in })
        async throws
    {
        scratch = ScratchDirectory()
        var configuration = Self.configuration(scratch)
        try change(&configuration, scratch)
        server = try await BrokerServer(configuration)
    }

    static func bytes(_ packet: Packet, _ version: ProtocolVersion = .v5) -> [UInt8] {
        var bytes: [UInt8] = []
        packet.write(to: &bytes, version: version)
        return bytes
    }

    static func connect(_ clientID: String, expiry: UInt32 = 0) -> [UInt8] {
        bytes(
            .connect(
                Connect(
                    version: .v5, clientID: clientID,
                    properties: expiry > 0 ? [.sessionExpiryInterval(expiry)] : [])))
    }

    static func subscribe(_ filter: String, _ qos: QoS) throws -> [UInt8] {
        // SUBSCRIBE, identifier 1, no properties, one filter.
        let body = [0, 1, 0, 0, UInt8(filter.utf8.count)] + Array(filter.utf8) + [qos.rawValue]
        return [0x82, UInt8(body.count)] + body
    }

    static func publish(_ topic: String, _ id: UInt16?, _ payload: [UInt8] = [1]) -> [UInt8] {
        bytes(
            .publish(
                Publish(
                    qos: id == nil ? .atMostOnce : .atLeastOnce, topic: topic,
                    packetID: id.flatMap { PacketID($0) }, payload: payload)))
    }

    /// A client that is connected.
    func client(_ clientID: String, expiry: UInt32 = 0) throws -> WireClient {
        let client = try WireClient(port: port)
        try client.send(Self.connect(clientID, expiry: expiry))
        try Self.expectConnack(client.packet())
        return client
    }

    /// - Parameter reason: of the CONNACK.
    static func expectConnack(_ packet: [UInt8]?, reason: UInt8 = 0) throws {
        let packet = try #require(packet, "closed without an answer")
        guard case .connack(let connack) = try Packet.read(packet.span.bytes, version: .v5) else {
            Issue.record("not a CONNACK: \(packet)")
            return
        }
        #expect(connack.reasonCode == reason)
    }
}

/// `openssl` and other tools of the machine.
enum Tool {
    /// - Returns: what it printed; nil unless it ended well.
    static func run(_ arguments: [String], in directory: String, input: [UInt8]? = nil) -> [UInt8]?
    {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardInput = pipe
        guard (try? process.run()) != nil else { return nil }
        if let input { try? pipe.fileHandleForWriting.write(contentsOf: input) }
        if input == nil { try? pipe.fileHandleForWriting.close() }
        // Until it closes its output: for `openssl s_client` that is when the server has closed.
        let bytes = Array(output.fileHandleForReading.readDataToEndOfFile())
        try? pipe.fileHandleForWriting.close()
        process.waitUntilExit()
        return process.terminationStatus == 0 || input != nil ? bytes : nil
    }

    static let hasOpenSSL = run(["openssl", "version"], in: "/tmp") != nil
}
