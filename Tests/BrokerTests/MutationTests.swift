import Broker
import Foundation
import Layout
import MQTT
import Measure
import Storage
import Testing

/// Packet streams of valid sessions with bytes changed, cut and doubled, fed to the session layer as a transport
/// does: packet after packet, a connection ended at its first breach. Nothing may crash, and nothing may grow.
@Suite struct MutationTests {
    /// Streams, each mutated once or more: `DSTUNE_MUTATIONS` says how many, 200,000 in `make nightly`.
    private static let streams =
        ProcessInfo.processInfo.environment["DSTUNE_MUTATIONS"].flatMap(Int.init) ?? 10_000

    private static func packets(_ seed: inout Seed) -> [[UInt8]] {
        let versions: [ProtocolVersion] = [.v3_1, .v3_1_1, .v5]
        let version = versions.randomElement(using: &seed) ?? .v5
        let isV5 = version == .v5
        func id() -> PacketID { PacketID(UInt16.random(in: 1...20, using: &seed)) ?? id() }
        func write(_ packet: Packet) -> [UInt8] {
            var bytes: [UInt8] = []
            packet.write(to: &bytes, version: version)
            return bytes
        }
        let client = "c\(Int.random(in: 0..<20, using: &seed))"
        let properties: [Property] = [
            .contentType("text/plain"), .userProperty("key", "value"), .messageExpiryInterval(1),
        ]
        let will = Will(
            topic: "w/\(client)", payload: [1, 2, 3], qos: .atLeastOnce, retain: true,
            properties: isV5 ? [.willDelayInterval(1), .contentType("x")] : [])
        let connect = Connect(
            version: version, clientID: client, cleanStart: Bool.random(using: &seed),
            keepAlive: 10, will: Bool.random(using: &seed) ? will : nil,
            properties: isV5 ? [.sessionExpiryInterval(5), .receiveMaximum(3)] : [])
        var packets = [write(.connect(connect))]
        let filters = ["t/#", "+/1", "$share/g/t/+", "t/1"]
        for _ in 0..<Int.random(in: 2...8, using: &seed) {
            let qos = QoS.allCases.randomElement(using: &seed) ?? .atMostOnce
            let number = id()
            switch Int.random(in: 0..<9, using: &seed) {
            case 0, 1:
                packets.append(
                    write(
                        .subscribe(
                            Subscribe(
                                packetID: number,
                                properties: isV5 ? [.subscriptionIdentifier(5)] : [],
                                subscriptions: [
                                    Subscription(
                                        filter: filters.randomElement(using: &seed) ?? "t", qos: qos
                                    )
                                ]))))
            case 2:
                packets.append(write(.unsubscribe(Unsubscribe(packetID: number, filters: ["t/1"]))))
            case 3: packets.append(write(.pingreq))
            case 4: packets.append(write(.puback(Acknowledgement(packetID: number))))
            case 5: packets.append(write(.pubrel(Acknowledgement(packetID: number))))
            case 6: packets.append(write(.pubrec(Acknowledgement(packetID: number))))
            default:
                packets.append(
                    write(
                        .publish(
                            Publish(
                                qos: qos, retain: Bool.random(using: &seed),
                                topic: "t/\(Int.random(in: 0..<4, using: &seed))",
                                packetID: qos == .atMostOnce ? nil : number,
                                properties: isV5 ? properties : [], payload: [0x61, 0x62]))))
            }
        }
        if Bool.random(using: &seed) { packets.append(write(.disconnect(Disconnect()))) }
        return packets
    }

    private static func mutate(_ stream: inout [UInt8], _ seed: inout Seed) {
        for _ in 0..<Int.random(in: 1...4, using: &seed) where !stream.isEmpty {
            let place = Int.random(in: stream.indices, using: &seed)
            switch Int.random(in: 0..<6, using: &seed) {
            case 0: stream[place] ^= 1 << UInt8.random(in: 0..<8, using: &seed)
            case 1: stream[place] = UInt8.random(in: 0...255, using: &seed)
            case 2: stream.remove(at: place)
            case 3: stream.insert(UInt8.random(in: 0...255, using: &seed), at: place)
            case 4: stream.removeLast(stream.count - place)
            default:
                let end = min(stream.count, place + Int.random(in: 1...12, using: &seed))
                stream.insert(contentsOf: stream[place..<end], at: place)
            }
        }
    }

    /// Fails if a mutated stream ends the process, or leaves sessions, answers or retained messages behind that the
    /// limits do not admit.
    @Test(arguments: 1...2 as ClosedRange<UInt64>)
    func mutatedStreamsNeitherCrashNorGrow(_ root: UInt64) throws {
        var seed = Seed(root).branch("mutations")
        var limits = SessionLimits()
        limits.queue = 100
        limits.retainedMessages = 50
        limits.subscriptions = 10
        let store = MemoryStore(shards: 2)
        let clock = Stage.Clock()
        let sessions = SessionLayer(store: store, limits: limits) { clock.milliseconds }
        var outbox = Outbox()
        var now = MonotonicTime(nanoseconds: 1)
        let peer = try #require(PeerAddress(bytes: [127, 0, 0, 1], port: 1))
        var most = 0
        for step in 0..<Self.streams / 2 {
            var stream = Self.packets(&seed).flatMap { $0 }
            Self.mutate(&stream, &seed)
            let connection = sessions.opened(from: peer)
            Self.feed(stream, connection, sessions, now, &outbox)
            if Bool.random(using: &seed) || step % 50 == 0 {
                sessions.poll(at: now, into: &outbox)
            }
            sessions.closed(connection, at: now, into: &outbox)
            most = max(most, outbox.bytes.count)
            outbox.removeAll()
            now = now + .milliseconds(10)
            clock.milliseconds += 10
            if step % 1_000 == 0 { store.expirePolls() }
        }
        #expect(sessions.retainedCount <= limits.retainedMessages, "seed \(root)")
        #expect(sessions.heldAnswers == 0, "seed \(root)")
        // What one stream makes the broker send is bounded by windows, queues and what is retained.
        #expect(most < 1 << 20, "seed \(root)")
        // All of them expire: their interval is bounded by what a mutation can make of it only.
        #expect(sessions.sessionCount < 2_000, "seed \(root)")
    }

    private static func feed(
        _ stream: [UInt8], _ connection: Int, _ sessions: SessionLayer, _ now: MonotonicTime,
        _ outbox: inout Outbox
    ) {
        var offset = 0
        while offset < stream.count {
            let length: Int
            do throws(CodecError) {
                let header = try FixedHeader.read(stream.span.bytes, at: offset)
                guard header.packetLength <= stream.count - offset else { return }
                length = header.packetLength
            } catch {
                // The session layer has to say the same.
                length = stream.count - offset
            }
            let packet = Array(stream[offset..<offset + length])
            sessions.receive(
                packet.span.bytes, on: connection, intended: now, at: now, into: &outbox)
            offset += length
        }
    }
}
