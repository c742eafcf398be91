import Foundation
import Glibc
import MQTT
import Server
import Storage
import TestSupport
import Testing

/// Checklist 4 and "Bad input": what one client does is bounded, and does not delay others.
@Suite struct BackpressureTests {
    private static func residentBytes() throws -> Int {
        let words = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
            .split(separator: " ")
        return (Int(words[1]) ?? 0) * 4_096
    }

    /// 200 MB at QoS 0 for a client that does not read.
    ///
    /// Fails if deliveries to it are kept: memory grows by all of them then. Its own connection goes on, and so
    /// do others.
    @Test func aClientThatDoesNotReadCostsABoundedAmountOfMemory() async throws {
        let harness = try await ServerHarness()
        let reader = try harness.client("reader")
        try reader.send(ServerHarness.subscribe("t", .atMostOnce))
        #expect(try reader.packet()?.first == 0x90)
        let publisher = try harness.client("publisher")
        let before = try Self.residentBytes()
        let message = ServerHarness.publish("t", nil, [UInt8](repeating: 1, count: 200_000))
        for _ in 0..<1_000 { try publisher.send(message) }
        try publisher.send([0xC0, 0x00])
        #expect(try publisher.packet() == [0xD0, 0x00])
        #expect(try Self.residentBytes() - before < 100 << 20)
        // Once it reads, it is served again.
        try publisher.send(ServerHarness.publish("t", nil, [2]))
        var packets = 0
        while let packet = try reader.packet(), packet.count > 100_000 {
            packets += 1
            if packets == 1 { continue }
            // Something small ends the test: it is sent when the reader has caught up.
            try publisher.send(ServerHarness.publish("t", nil, [2]))
        }
        #expect(packets > 0 && packets < 1_000)
        await harness.server.stop()
    }

    /// Fails if one connection's packets are all taken before anybody else has a turn.
    @Test func aFloodOfOneClientDoesNotKeepOthersWaiting() async throws {
        let harness = try await ServerHarness()
        let flood = try harness.client("flood")
        let other = try harness.client("other")
        // 4 MB of PINGREQ; its answers fill its socket, and it is no longer read.
        let pings = Array(repeating: [UInt8](arrayLiteral: 0xC0, 0x00), count: 50_000)
            .flatMap { $0 }
        try flood.send(pings)
        try other.send([0xC0, 0x00])
        #expect(try other.packet() == [0xD0, 0x00])
        #expect(try flood.read(100_000)?.suffix(2) == [0xD0, 0x00])
        await harness.server.stop()
    }

    /// Fails if a full disk is answered with success, closes the broker, or is not got over without a restart.
    @Test(.enabled(if: getuid() == 0, "only root may mount a disk that can be filled"))
    func aFullDiskIsAnsweredWithAnErrorAndGotOver() async throws {
        let scratch = ScratchDirectory()
        guard let disk = SmallDisk(scratch("disk"), megabytes: 64) else {
            withKnownIssue("this machine does not let tests mount a tmpfs") { Issue.record("") }
            return
        }
        let harness = try await ServerHarness { configuration, _ in
            configuration = ServerHarness.configuration(scratch, data: scratch("disk/data"))
            configuration.storage.durability.acknowledgement = .onCommit
        }
        let subscriber = try harness.client("subscriber", expiry: 3_600)
        try subscriber.send(ServerHarness.subscribe("t", .atLeastOnce))
        #expect(try subscriber.packet()?.first == 0x90)
        let publisher = try harness.client("publisher")
        func publish(_ id: UInt16) throws -> UInt8? {
            try publisher.send(
                ServerHarness.publish("t", id, [UInt8](repeating: UInt8(id & 0xFF), count: 20_000)))
            guard let answer = try publisher.packet() else { return nil }
            guard case .puback(let puback) = try Packet.read(answer.span.bytes, version: .v5) else {
                return nil
            }
            return puback.reasonCode
        }
        #expect(try publish(1) == 0)
        SmallDisk.fill(scratch("disk/filler"))
        // What RocksDB has preallocated may hold some more.
        var refused: UInt8 = 0
        for id in UInt16(2)..<4_000 where refused < 0x80 { refused = try #require(try publish(id)) }
        #expect(refused == 0x97)
        try FileManager.default.removeItem(atPath: scratch("disk/filler"))
        var accepted: UInt8 = 0xFF
        for id in UInt16(5_000)..<5_060 where accepted >= 0x80 {
            accepted = try #require(try publish(id))
        }
        #expect(accepted == 0)
        await harness.server.stop()
        withExtendedLifetime(disk) {}
    }
}
