import Foundation
import MQTT
import Measure
import Replay
import TestSupport
import Testing
import Traffic

/// The record itself.
@Suite struct LedgerTests {
    /// Takes everything and says nothing.
    private final class Silence: Transport {
        private var last = 0
        func open(from endpoint: Endpoint, at now: MonotonicTime) -> Int {
            last += 1
            return last
        }
        func send(_ packet: RawSpan, on connection: Int, intended: MonotonicTime) {}
        func close(_ connection: Int, at now: MonotonicTime) {}
        func receive(
            at now: MonotonicTime,
            _ body: (_ connection: Int, _ packet: RawSpan, _ arrived: MonotonicTime) -> Void
        ) {}
        func wait(until time: MonotonicTime) {}
    }

    private static func bytes(_ packet: Packet) -> [UInt8] {
        var bytes: [UInt8] = []
        packet.write(to: &bytes, version: .v5)
        return bytes
    }

    private static func send(_ packet: Packet, _ transport: WitnessedTransport) {
        transport.send(bytes(packet).span.bytes, on: 1, intended: .now())
    }

    private static func fill(_ ledger: Ledger, messages: Int) {
        let transport = WitnessedTransport(wrapping: Silence(), ledger: ledger)
        _ = transport.open(from: Endpoint(address: [127, 0, 0, 1], port: 1), at: .now())
        send(
            .connect(
                Connect(version: .v5, clientID: "secretive", username: "u", hasPassword: true)),
            transport)
        for number in 0..<messages {
            send(
                .publish(
                    Publish(
                        qos: .atLeastOnce, topic: "t/\(number % 10)",
                        packetID: PacketID(UInt16(number % 60_000 + 1)),
                        payload: Array("the payload \(number)".utf8))), transport)
        }
    }

    @Test func onlyItsOwnerReadsIt() throws {
        let scratch = ScratchDirectory()
        let ledger = try Ledger(creating: scratch("ledger"))
        Self.fill(ledger, messages: 10)
        ledger.close(at: .now())
        let mode = try FileManager.default.attributesOfItem(atPath: ledger.path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: ledger.path))
        #expect(bytes.count == Int(ledger.size.count), "what was reserved is given back")
        #expect(bytes.range(of: Data("payload".utf8)) == nil)
    }

    @Test func oneThatIsThereIsNotOverwritten() throws {
        let scratch = ScratchDirectory()
        let ledger = try Ledger(creating: scratch("ledger"))
        #expect(throws: LedgerError.cannotWrite(path: ledger.path, errno: EEXIST)) {
            try Ledger(creating: scratch("ledger"))
        }
    }

    /// What was recorded is in the file before the packet goes on, and stays there if the process is killed then.
    @Test func aKillOfTheReplayLosesNothingThatWasRecorded() async throws {
        let scratch = ScratchDirectory()
        let path = scratch("ledger")
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            Self.fill(try Ledger(creating: path), messages: 1_000)
            kill(getpid(), SIGKILL)
        }
        let found = try Verifier(path, .mqtt).run()
        #expect(found.sent == [0, 1_000, 0])
        #expect(!found.isComplete)
        #expect(found.remarks.contains { $0.contains("not closed") })
    }

    /// A budget: 100 million messages are to fit on a disk.
    @Test func aMessageTakesFewBytes() throws {
        let scratch = ScratchDirectory()
        let stage = try LedgerStage()
        stage.connect("dashboard")
        try stage.subscribe("dashboard", "#", .atLeastOnce)
        stage.connect("pump")
        let before = stage.ledger.size
        for number in 0..<1_000 {
            stage.publish("pump", "t/\(number % 10)", "\(number)", .atLeastOnce)
        }
        let taken = Double(stage.ledger.size.count - before.count) / 1_000
        #expect(taken < 64, "\(taken) bytes for PUBLISH, PUBACK, delivery and its PUBACK")
        withExtendedLifetime(scratch) {}
    }

    /// Whatever is wrong with a file is an error that names it, and never the end of the process.
    @Test func aDamagedLedgerIsAnError() throws {
        let scratch = ScratchDirectory()
        let ledger = try Ledger(creating: scratch("ledger"))
        Self.fill(ledger, messages: 50)
        ledger.close(at: .now())
        let whole = Array(try Data(contentsOf: URL(fileURLWithPath: ledger.path)))
        var seed = Seed(6).branch("ledger damage")
        for round in 0..<500 {
            var bytes = whole
            if round % 3 == 0 {
                bytes.removeLast(Int.random(in: 1..<bytes.count, using: &seed))
            } else {
                for _ in 0..<Int.random(in: 1...4, using: &seed) {
                    bytes[Int.random(in: 0..<bytes.count, using: &seed)] = UInt8.random(
                        in: 0...255, using: &seed)
                }
            }
            let path = scratch("damaged-\(round)")
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            do throws(LedgerError) {
                _ = try Verifier(path, .mqtt).run()
            } catch { #expect("\(error)".contains(path)) }
        }
        #expect(throws: LedgerError.cannotRead(path: scratch("none"), errno: ENOENT)) {
            try Verifier(scratch("none"), .mqtt).run()
        }
    }
}
