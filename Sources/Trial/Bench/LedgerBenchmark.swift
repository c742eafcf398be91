internal import MQTT
package import Measure
internal import Replay
internal import Traffic

/// What it costs to account for every message: time for each packet, bytes on disk, and time and memory of the
/// verification.
///
/// 64 clients publish at QoS 1, 200 bytes, on 640 topics; one subscriber takes all of it. The same packets go over a
/// broker that does nothing but answer, with the ledger and without.
package struct LedgerBenchmark {
    package struct Row: Codable, Sendable {
        package let messages: Int
        package let ledger_bytes: Int
        package let bytes_per_message: Double
        /// PUBLISH, PUBACK, delivery and its PUBACK, with the ledger minus without.
        package let recorded_ns_per_packet: Double
        package let verification_s: Double
        package let verified_messages_per_s: Double
        package let memory_bytes: Int
        /// Of this process, all in all.
        package let peak_resident_bytes: Int
        package let optimised_build: Bool
    }

    private static let clients = 64, topics = 10, payload = 200
    private let messages: Int
    private let memory: Bytes
    private let directory: String

    /// - Parameters:
    ///   - memory: what the verification may take for messages.
    ///   - directory: a scratch directory that exists.
    package init(messages: Int, memory: Bytes, directory: String) {
        (self.messages, self.memory, self.directory) = (messages, memory, directory)
    }

    /// - Parameter progress: called with one line before each part.
    /// - Throws: a `LedgerError`; `.environment` if not every message is accounted for.
    package func run(progress: (String) -> Void) throws -> Row {
        progress("\(messages) messages without the ledger")
        let bare = exchange(over: Echo())
        progress("\(messages) messages with the ledger")
        let ledger = try Ledger(creating: directory + "/ledger")
        let witnessed = exchange(over: WitnessedTransport(wrapping: Echo(), ledger: ledger))
        ledger.close(at: .now())
        if let failure = ledger.failure { throw failure }
        progress("verification")
        var options = Verifier.Options()
        options.memory = memory
        let began = MonotonicTime.now()
        let found = try Verifier(ledger.path, .mqtt, options).run()
        let took = (MonotonicTime.now() - began).seconds
        guard found.holds, found.sent[1] == messages, found.confirmed[1] == messages else {
            throw TrialError.environment("the ledger lost count: \(found.violations)")
        }
        return Row(
            messages: messages, ledger_bytes: Int(ledger.size.count),
            bytes_per_message: Double(ledger.size.count) / Double(messages),
            recorded_ns_per_packet: Double((witnessed - bare).count) / Double(4 * messages),
            verification_s: took, verified_messages_per_s: Double(messages) / took,
            memory_bytes: Int(memory.count), peak_resident_bytes: Int(peakResident().count),
            optimised_build: isOptimisedBuild)
    }

    /// Sends everything and answers what comes.
    private func exchange(over transport: any Transport) -> Nanoseconds {
        let home = Endpoint(address: [127, 0, 0, 1], port: 1)
        for client in 0...Self.clients {
            let connection = transport.open(from: home, at: .now())
            send(
                .connect(Connect(version: .v3_1_1, clientID: "client-\(client)")), connection,
                transport)
        }
        // The first one; answers to it are not counted.
        send(
            .subscribe(
                Subscribe(
                    packetID: Self.first,
                    subscriptions: [Subscription(filter: "#", qos: .atLeastOnce)])), 1, transport)
        transport.receive(at: .now()) { _, _, _ in }
        var packets = (0..<Self.clients * Self.topics).map { number in
            bytes(
                .publish(
                    Publish(
                        qos: .atLeastOnce, topic: "bench/\(1_000 + number)/reading",
                        packetID: Self.first,
                        payload: [UInt8](repeating: 0x20, count: Self.payload))))
        }
        let place = packets[0].count - Self.payload
        var scratch: [UInt8] = []
        let began = MonotonicTime.now()
        for number in 0..<messages {
            let topic = number % packets.count
            let id = UInt16(truncatingIfNeeded: number / Self.clients % 65_535 + 1)
            packets[topic][place - 2] = UInt8(id >> 8)
            packets[topic][place - 1] = UInt8(id & 0xFF)
            for byte in 0..<8 {
                packets[topic][place + byte] = UInt8(truncatingIfNeeded: number >> (8 * byte))
            }
            let packet = packets[topic]
            transport.send(
                packet.span.bytes, on: 2 + number % Self.clients, intended: began)
            transport.receive(at: began) { connection, packet, arrived in
                guard connection == 1, let id = Echo.id(of: packet) else { return }
                scratch.removeAll(keepingCapacity: true)
                writeAcknowledgement(.puback, id, to: &scratch)
                transport.send(scratch.span.bytes, on: connection, intended: arrived)
            }
        }
        return .now() - began
    }

    private func send(_ packet: Packet, _ connection: Int, _ transport: any Transport) {
        let bytes = bytes(packet)
        transport.send(bytes.span.bytes, on: connection, intended: .now())
    }

    private func bytes(_ packet: Packet) -> [UInt8] {
        var bytes: [UInt8] = []
        packet.write(to: &bytes, version: .v3_1_1)
        return bytes
    }

    private static let first: PacketID = {
        guard let id = PacketID(1) else { preconditionFailure("1 identifies a packet") }
        return id
    }()
}

/// Acknowledges every PUBLISH and passes it on to the first connection, as it is.
private final class Echo: Transport {
    private var connections = 0
    private var waiting: [(connection: Int, packet: [UInt8])] = []
    private var leaving: [(connection: Int, packet: [UInt8])] = []

    func open(from endpoint: Endpoint, at now: MonotonicTime) -> Int {
        connections += 1
        return connections
    }

    func close(_ connection: Int, at now: MonotonicTime) {}
    func wait(until time: MonotonicTime) {}

    func send(_ packet: RawSpan, on connection: Int, intended: MonotonicTime) {
        switch PacketType(rawValue: packet.unsafeLoad(as: UInt8.self) >> 4) {
        case .connect: waiting.append((connection, [0x20, 2, 0, 0]))
        case .subscribe: waiting.append((connection, [0x90, 3, 0, 1, 1]))
        case .publish:
            guard let id = Self.id(of: packet) else { return }
            var answer: [UInt8] = []
            writeAcknowledgement(.puback, id, to: &answer)
            waiting.append((connection, answer))
            waiting.append((1, packet.withUnsafeBytes { Array($0) }))
        default: break
        }
    }

    func receive(
        at now: MonotonicTime,
        _ body: (_ connection: Int, _ packet: RawSpan, _ arrived: MonotonicTime) -> Void
    ) {
        swap(&waiting, &leaving)
        for item in leaving { body(item.connection, item.packet.span.bytes, .now()) }
        leaving.removeAll(keepingCapacity: true)
    }

    /// Of a PUBLISH.
    static func id(of packet: RawSpan) -> PacketID? {
        guard packet.unsafeLoad(as: UInt8.self) >> 4 == PacketType.publish.rawValue else {
            return nil
        }
        do throws(CodecError) {
            return PacketID(try PublishHeader.read(packet, version: .v3_1_1).packetID)
        } catch { return nil }
    }
}
