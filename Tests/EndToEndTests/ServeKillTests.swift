import Foundation
import MQTT
import Measure
import Synchronization
import TestSupport
import Testing

/// `dstune serve` as a whole is killed with SIGKILL while clients publish over sockets, and started again on what it
/// left. What the clients were told is kept here, outside of its process.
@Suite struct ServeKillTests {
    /// What publishers know: messages by number, and how far each has come.
    private struct Ledger {
        enum State { case sent, received, completed }
        /// At QoS 1 a message is completed by PUBACK, at QoS 2 received by PUBREC and completed by PUBCOMP.
        var states: [QoS: [State]] = [.atLeastOnce: [], .exactlyOnce: []]

        var completed: Int { states.values.joined().count { $0 == .completed } }
    }

    private static let configuration = """
        durable_storage.messages { engine = article, acknowledge = on_commit, sync = none, n_shards = 3 }
        """

    /// The last message of each publisher.
    private static let fence = 65_000
    /// Messages of a publisher; few enough to be read back one by one.
    private static let limit = 1_500
    /// Messages of a publisher that may be under way at once.
    private static let window = 8

    /// `DSTUNE_CRASH_ROUNDS` says how many kills there are, up to twenty; two in `swift test`.
    private static let rounds: UInt64 =
        ProcessInfo.processInfo.environment["DSTUNE_CRASH_ROUNDS"].flatMap { UInt64($0) }
        .map { max(1, min($0, 20)) } ?? 2

    private static func start(_ scratch: ScratchDirectory, _ run: Int) throws -> (
        Process, port: Int
    ) {
        try configuration.write(
            toFile: scratch("broker.conf"), atomically: true, encoding: .utf8)
        let (output, errors) = (scratch("out-\(run)"), scratch("err-\(run)"))
        for path in [output, errors] { try Data().write(to: URL(fileURLWithPath: path)) }
        let process = try Command.start(
            [
                "serve", "--config", "broker.conf", "--data", "data", "--listen", "127.0.0.1:0",
                "--admin", "none", "--allow-anonymous",
            ], in: scratch.path,
            errors: FileHandle(forWritingTo: URL(fileURLWithPath: errors)),
            output: FileHandle(forWritingTo: URL(fileURLWithPath: output)))
        for _ in 0..<1_200 where process.isRunning {
            let said = try String(contentsOfFile: output, encoding: .utf8)
            if let range = said.range(of: "listening on 127.0.0.1:") {
                let digits = said[range.upperBound...].prefix { $0.isNumber }
                if let port = Int(digits) { return (process, port) }
            }
            usleep(50_000)
        }
        process.terminate()
        throw WireClient.Problem(
            description: try String(contentsOfFile: errors, encoding: .utf8))
    }

    private static func connect(_ name: String, _ port: Int) throws -> (WireClient, present: Bool) {
        let client = try WireClient(port: port)
        try client.send(
            bytes(
                .connect(
                    Connect(
                        version: .v5, clientID: name, cleanStart: false,
                        properties: [.sessionExpiryInterval(3_600)]))))
        guard let answer = try client.packet(), case .connack(let connack) = try packet(answer)
        else { throw WireClient.Problem(description: "\(name): no CONNACK") }
        return (client, connack.sessionPresent)
    }

    private static func bytes(_ packet: Packet) -> [UInt8] {
        var bytes: [UInt8] = []
        packet.write(to: &bytes, version: .v5)
        return bytes
    }

    private static func packet(_ bytes: [UInt8]) throws -> Packet {
        try Packet.read(bytes.span.bytes, version: .v5)
    }

    private static func publish(_ number: Int, _ qos: QoS, dup: Bool = false) -> Packet {
        .publish(
            Publish(
                dup: dup, qos: qos, topic: "k/\(qos.rawValue)",
                packetID: PacketID(UInt16(number + 1)), payload: Array("\(number)".utf8)))
    }

    /// Publishes at one QoS until the connection breaks.
    private static func load(
        _ client: WireClient, _ qos: QoS, _ ledger: borrowing Mutex<Ledger>
    ) throws {
        var sent = 0, under = 0
        while sent < limit || under > 0 {
            while under < window, sent < limit {
                ledger.withLock { $0.states[qos]?.append(.sent) }
                do { try client.send(bytes(publish(sent, qos))) } catch { return }
                (sent, under) = (sent + 1, under + 1)
            }
            guard let answer = try client.packet() else { return }
            switch try packet(answer) {
            case .puback(let ack), .pubcomp(let ack):
                ledger.withLock { $0.states[qos]?[Int(ack.packetID.rawValue) - 1] = .completed }
                under -= 1
            case .pubrec(let ack):
                ledger.withLock { $0.states[qos]?[Int(ack.packetID.rawValue) - 1] = .received }
                do {
                    try client.send(bytes(.pubrel(Acknowledgement(packetID: ack.packetID))))
                } catch { return }
            default: break
            }
        }
    }

    /// Completes what the kill has cut off, as a client does that comes back [MQTT-4.4.0-1].
    private static func complete(_ port: Int, _ ledger: borrowing Mutex<Ledger>) throws {
        let (client, present) = try connect("publisher-2", port)
        #expect(present)
        let open = ledger.withLock { ledger in
            (ledger.states[.exactlyOnce] ?? []).enumerated().filter { $0.element != .completed }
                .map { (number: $0.offset, isReceived: $0.element == .received) }
        }
        for message in open {
            guard let id = PacketID(UInt16(message.number + 1)) else { continue }
            if !message.isReceived {
                try client.send(bytes(publish(message.number, .exactlyOnce, dup: true)))
                let answer = try #require(try client.packet())
                guard case .pubrec = try packet(answer) else {
                    Issue.record("not PUBREC: \(try packet(answer))")
                    return
                }
            }
            try client.send(bytes(.pubrel(Acknowledgement(packetID: id))))
            let answer = try #require(try client.packet())
            guard case .pubcomp = try packet(answer) else {
                Issue.record("not PUBCOMP: \(try packet(answer))")
                return
            }
            ledger.withLock { $0.states[.exactlyOnce]?[message.number] = .completed }
        }
    }

    /// Comes back as the durable subscriber and takes what waits, until both fences have come.
    private static func collect(_ port: Int) throws -> [QoS: [Int]] {
        let (client, present) = try connect("subscriber", port)
        #expect(present, "the broker has forgotten the session")
        // Of the same publishers and topics, so they come last.
        var publishers: [WireClient] = []
        for qos in [QoS.atLeastOnce, .exactlyOnce] {
            let (fence, _) = try connect("publisher-\(qos.rawValue)", port)
            try fence.send(bytes(publish(Self.fence, qos)))
            publishers.append(fence)
        }
        defer { withExtendedLifetime(publishers) {} }
        var found: [QoS: [Int]] = [:]
        var fences = 0
        while fences < 2, let next = try client.packet() {
            switch try packet(next) {
            case .publish(let publish):
                let number = try #require(Int(String(decoding: publish.payload, as: UTF8.self)))
                if number == fence {
                    fences += 1
                } else {
                    found[publish.qos, default: []].append(number)
                }
                guard let id = publish.packetID else { continue }
                let answer = Acknowledgement(packetID: id)
                try client.send(
                    bytes(publish.qos == .atLeastOnce ? .puback(answer) : .pubrec(answer)))
            case .pubrel(let release):
                try client.send(bytes(.pubcomp(Acknowledgement(packetID: release.packetID))))
            default: break
            }
        }
        return found
    }

    /// Fails if anything that was acknowledged is missing, if a message at QoS 2 comes twice, or if a handshake that
    /// the kill has cut off cannot be finished.
    @Test(arguments: 1...rounds)
    func nothingThatWasAcknowledgedIsLost(_ root: UInt64) async throws {
        let scratch = ScratchDirectory()
        var seed = Seed(root).branch("kill")
        let delay = UInt32.random(in: 0...200_000, using: &seed)
        let found = try await blocking { () -> (Ledger, [QoS: [Int]]) in
            let (process, port) = try Self.start(scratch, 1)
            defer { if process.isRunning { process.terminate() } }
            let (subscriber, _) = try Self.connect("subscriber", port)
            try subscriber.send(
                Self.bytes(
                    .subscribe(
                        Subscribe(
                            packetID: try #require(PacketID(1)),
                            subscriptions: [Subscription(filter: "k/#", qos: .exactlyOnce)]))))
            _ = try subscriber.packet()
            try subscriber.send([0xE0, 0x00])
            let ledger = Mutex(Ledger())
            let kinds: [QoS] = [.atLeastOnce, .exactlyOnce]
            let clients = try kinds.map { try Self.connect("publisher-\($0.rawValue)", port).0 }
            DispatchQueue.concurrentPerform(iterations: 3) { place in
                if place < 2 {
                    do { try Self.load(clients[place], kinds[place], ledger) } catch {
                        Issue.record(error)
                    }
                } else {
                    for _ in 0..<600 where ledger.withLock({ $0.completed }) < 20 { usleep(50_000) }
                    usleep(delay)
                    kill(process.processIdentifier, SIGKILL)
                }
            }
            process.waitUntilExit()
            let (second, again) = try Self.start(scratch, 2)
            defer {
                second.terminate()
                second.waitUntilExit()
            }
            try Self.complete(again, ledger)
            return (ledger.withLock { $0 }, try Self.collect(again))
        }
        let (ledger, delivered) = found
        for qos in [QoS.atLeastOnce, .exactlyOnce] {
            let acknowledged = (ledger.states[qos] ?? []).enumerated()
                .filter { $0.element == .completed }.map(\.offset)
            let lost = Set(acknowledged).subtracting(delivered[qos] ?? [])
            #expect(acknowledged.count > 5, "seed \(root)")
            #expect(lost.isEmpty, "QoS \(qos.rawValue), seed \(root): \(lost.sorted().prefix(10))")
        }
        let twice = delivered[.exactlyOnce] ?? []
        #expect(Set(twice).count == twice.count, "seed \(root): a message at QoS 2 came twice")
    }
}
