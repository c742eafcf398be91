import MQTT
import Server
import Storage
import TestSupport
import Testing

/// Checklist 4. The end of a broker that is asked to go.
@Suite struct DrainTests {
    /// Fails if what was taken is not answered, clients are not told (0x8B), or the listener goes on.
    @Test func whatWasTakenIsAnsweredAndClientsAreTold() async throws {
        let harness = try await ServerHarness { configuration, _ in
            configuration.storage.durability.acknowledgement = .onCommit
        }
        let subscriber = try harness.client("s", expiry: 3_600)
        try subscriber.send(ServerHarness.subscribe("t", .atLeastOnce))
        #expect(try subscriber.packet()?.first == 0x90)
        let publisher = try harness.client("p")
        for id in UInt16(1)...50 { try publisher.send(ServerHarness.publish("t", id)) }
        // The first answer shows that the server has begun to take them.
        #expect(try publisher.packet()?.first == 0x40)
        // Tests beside this one may block the threads of concurrent code for longer than a client waits.
        let stopped = Task(executorPreference: OwnThread()) {
            await harness.server.stop(within: 10)
        }
        let (answers, reason) = try await blocking {
            var answers = 1
            var reason: UInt8?
            while let packet = try publisher.packet() {
                if packet[0] == 0x40 { answers += 1 }
                if case .disconnect(let disconnect) = try Packet.read(
                    packet.span.bytes, version: .v5)
                {
                    reason = disconnect.reasonCode
                }
            }
            return (answers, reason)
        }
        #expect(reason == 0x8B)
        await stopped.value
        // What was taken, a beginning of what was sent, is answered and stored.
        #expect((1...50).contains(answers))
        #expect(throws: WireClient.Problem.self) { _ = try WireClient(port: harness.port) }
    }

    /// Fails if a client that does not read, or never said CONNECT, can keep the broker from going.
    @Test func nobodyKeepsTheBrokerFromGoing() async throws {
        let harness = try await ServerHarness()
        let silent = try WireClient(port: harness.port)
        let half = try WireClient(port: harness.port)
        try half.send([0x10])
        await harness.server.stop(within: 0.5)
        #expect(try silent.read(1) == nil)
        #expect(try half.read(1) == nil)
    }
}
