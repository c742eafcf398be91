import Foundation
import MQTT
import Testing
import Traffic

/// PUBLISH packets of clients as `dstune footprint` stores them.
struct ClientPublishesTests {
    /// What was handed over, in words.
    private struct Taken: Equatable {
        var topic: String
        var payload: String
        var client: String
        var username: String?
        var version: ProtocolVersion
        var connectSeen: Bool
        var isMatched: Bool
        var dup: Bool
    }

    /// Two connections whose frames a test interleaves.
    private struct Pair {
        var one = Wire(clientPort: 40_000)
        var other = Wire(clientPort: 41_000)
        var frames: [TestFrame] = []

        mutating func one(_ body: (inout Wire) -> Void) { step(\.one, body) }
        mutating func other(_ body: (inout Wire) -> Void) { step(\.other, body) }

        private mutating func step(_ who: WritableKeyPath<Pair, Wire>, _ body: (inout Wire) -> Void)
        {
            var wire = self[keyPath: who]
            wire.time = max(wire.time, frames.last?.time ?? 0)
            body(&wire)
            frames += wire.frames
            wire.frames = []
            self[keyPath: who] = wire
        }
    }

    private func read(_ frames: [TestFrame]) throws -> (taken: [Taken], summary: CapturedPublishes)
    {
        var taken: [Taken] = []
        let summary = try withFile(CaptureFile.pcap(frames)) { path in
            try CapturedPublishes(captures: [path]) { publish, topic, packet in
                let payload = packet.extracting(publish.header.payload)
                taken.append(
                    Taken(
                        topic: topic.withUnsafeBytes { String(decoding: $0, as: UTF8.self) },
                        payload: payload.withUnsafeBytes { String(decoding: $0, as: UTF8.self) },
                        client: publish.publisher.clientID, username: publish.publisher.username,
                        version: publish.publisher.version,
                        connectSeen: publish.publisher.connectSeen, isMatched: publish.isMatched,
                        dup: publish.header.dup))
            }
        }
        #expect(summary.taken == taken.count)
        return (taken, summary)
    }

    /// Fails if publishes are gathered by connection: a packet counts when its last frame is there.
    @Test func theOrderIsThatOfTheFramesThatCompletePackets() throws {
        var pair = Pair()
        pair.one { $0.connect(Connect(version: .v3_1_1, clientID: "one", username: "u")) }
        pair.other { $0.connect(Connect(version: .v3_1, clientID: "other")) }
        let long = Packet.reading("a", "split over two frames").bytes()
        pair.one { $0.client(Array(long.prefix(7))) }
        pair.other { $0.client(.reading("b", "between"), version: .v3_1) }
        pair.one { $0.client(Array(long.dropFirst(7))) }
        pair.other { $0.client(.reading("c", "last"), version: .v3_1) }
        let taken = try read(pair.frames).taken
        #expect(taken.map(\.topic) == ["b", "a", "c"])
        #expect(taken.map(\.client) == ["other", "one", "other"])
        #expect(taken.map(\.version) == [.v3_1, .v3_1_1, .v3_1])
        #expect(taken.map(\.username) == [nil, "u", nil])
        #expect(taken.allSatisfy { $0.connectSeen && !$0.isMatched })
    }

    @Test func repeatedPublishesAreTakenAndWillsAreNot() throws {
        var wire = Wire()
        wire.connect(
            Connect(
                version: .v3_1_1, clientID: "c", will: Will(topic: "gone", payload: [1])))
        let publish = Packet.reading("t", "x", qos: .exactlyOnce).bytes()
        wire.client(publish)
        wire.client([publish[0] | 0b1000] + publish.dropFirst())
        wire.segment(toBroker: true, [], .rst, at: wire.clientSequence)
        let taken = try read(wire.frames).taken
        #expect(taken.map(\.topic) == ["t", "t"])
        #expect(taken.map(\.dup) == [false, true])
    }

    @Test func aliasesAreResolvedPerConnection() throws {
        var pair = Pair()
        func alias(_ topic: String, _ payload: String) -> Packet {
            .publish(
                Publish(topic: topic, properties: [.topicAlias(3)], payload: Array(payload.utf8)))
        }
        pair.one { $0.connect(Connect(version: .v5, clientID: "one")) }
        pair.other { $0.connect(Connect(version: .v5, clientID: "other")) }
        pair.one { $0.client(alias("a", "1"), alias("", "2"), version: .v5) }
        // Never given a topic on this connection.
        pair.other { $0.client(alias("", "3"), version: .v5) }
        pair.one { $0.client(alias("b", "4"), alias("", "5"), version: .v5) }
        let (taken, summary) = try read(pair.frames)
        #expect(taken.map(\.topic) == ["a", "a", "b", "b"])
        #expect(taken.map(\.payload) == ["1", "2", "4", "5"])
        #expect(summary.refused == 1)
    }

    @Test func thePublisherIsWhoTheBrokerSaysItIs() throws {
        var pair = Pair()
        pair.one {
            $0.handshake()
            $0.client(.connect(Connect(version: .v5, clientID: "")))
            $0.broker(
                .connack(Connack(properties: [.assignedClientIdentifier("auto-7")])), version: .v5)
            $0.client(.reading("a"), version: .v5)
        }
        // Opened before the capture began.
        pair.other {
            $0.client(.reading("b"), version: .v3_1_1)
            $0.client(.reading("c"), version: .v3_1_1)
        }
        let taken = try read(pair.frames).taken
        #expect(taken.map(\.client) == ["auto-7", "", ""])
        #expect(taken.map(\.connectSeen) == [true, false, false])
    }

    @Test func whatADurableSubscriptionWantsIsKnownAtThatMoment() throws {
        var pair = Pair()
        pair.one { $0.connect(Connect(version: .v3_1_1, clientID: "one")) }
        pair.one { $0.client(.reading("a", "before")) }
        pair.other {
            $0.connect(Connect(version: .v3_1_1, clientID: "archiver", cleanStart: false))
            $0.client(
                .subscribe(
                    Subscribe(
                        packetID: PacketID(1).unsafelyUnwrapped,
                        subscriptions: [Subscription(filter: "a", qos: .atLeastOnce)])))
        }
        pair.one { $0.client(.reading("a", "after"), .reading("b", "other")) }
        let taken = try read(pair.frames).taken
        #expect(taken.map(\.isMatched) == [false, true, false])
    }

    /// A topic with a wildcard is no PUBLISH at all; the packets around it are.
    @Test func malformedPacketsAreCountedAndLeftOut() throws {
        var wire = Wire()
        wire.connect()
        wire.client(.reading("a"))
        wire.client([0x30, 5, 0, 1, UInt8(ascii: "+"), 1, 2])
        wire.client(.reading("b"))
        let (taken, summary) = try read(wire.frames)
        #expect(taken.map(\.topic) == ["a", "b"])
        #expect(summary.inspection.malformedPackets == 1)
        #expect(summary.refused == 0)
    }
}
