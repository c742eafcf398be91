import Foundation
import MQTT
import Testing
import Traffic

/// What is said about traffic that was decoded.
struct InspectorTests {
    /// An archiver and a sensor on one broker, step by step.
    struct Fleet {
        var archiver = Wire(clientPort: 40_000)
        var sensor = Wire(clientPort: 41_000)
        var frames: [TestFrame] = []

        mutating func archiver(_ body: (inout Wire) -> Void) { step(\.archiver, body) }
        mutating func sensor(_ body: (inout Wire) -> Void) { step(\.sensor, body) }

        private mutating func step(
            _ who: WritableKeyPath<Fleet, Wire>, _ body: (inout Wire) -> Void
        ) {
            var wire = self[keyPath: who]
            wire.time = max(wire.time, frames.last?.time ?? 0)
            body(&wire)
            frames += wire.frames
            wire.frames = []
            self[keyPath: who] = wire
        }

        func persisted() throws -> PersistedCounts {
            try inspect(CaptureFile.pcap(frames)).persisted
        }
    }

    private static func subscribe(_ filter: String) -> Packet {
        .subscribe(
            Subscribe(
                packetID: PacketID(1).unsafelyUnwrapped,
                subscriptions: [Subscription(filter: filter, qos: .atLeastOnce)]))
    }

    private static func durable(_ version: ProtocolVersion, clean: Bool, expiry: UInt32?) -> Connect
    {
        Connect(
            version: version, clientID: "archiver", cleanStart: clean,
            properties: expiry.map { [.sessionExpiryInterval($0)] } ?? [])
    }

    @Test(arguments: [
        (durable(.v3_1_1, clean: false, expiry: nil), true),
        (durable(.v3_1_1, clean: true, expiry: nil), false),
        (durable(.v5, clean: false, expiry: 60), true),
        (durable(.v5, clean: true, expiry: 60), true),
        (durable(.v5, clean: true, expiry: nil), false),
        (durable(.v5, clean: false, expiry: 0), false),
    ]) func onlyDurableSubscriptionsStore(_ connect: Connect, _ stores: Bool) throws {
        var fleet = Fleet()
        fleet.sensor { $0.connect() }
        fleet.sensor { $0.client(.reading("a/1")) }
        fleet.archiver { $0.connect(connect) }
        fleet.archiver { $0.client(Self.subscribe("a/#"), version: connect.version) }
        fleet.sensor { $0.client(.reading("a/1"), .reading("b/1")) }
        // What the broker delivers is not stored once more.
        fleet.archiver { $0.broker(.reading("a/1"), version: connect.version) }
        let persisted = try fleet.persisted()
        #expect(persisted.matchedPublishes == (stores ? 1 : 0))
        #expect(persisted.unmatchedPublishes == (stores ? 2 : 3))
    }

    @Test func durableSubscriptionOutlivesItsConnectionUntilItExpires() throws {
        var fleet = Fleet()
        fleet.sensor { $0.connect() }
        fleet.archiver { $0.connect(Self.durable(.v5, clean: true, expiry: 10)) }
        fleet.archiver { $0.client(Self.subscribe("$share/group/a/+"), version: .v5) }
        fleet.archiver { $0.client(.disconnect(Disconnect()), version: .v5) }
        fleet.sensor {
            $0.time += 9_000_000_000; $0.client(.reading("a/1"))
        }
        fleet.sensor {
            $0.time += 2_000_000_000; $0.client(.reading("a/1"))
        }
        let persisted = try fleet.persisted()
        #expect(persisted.matchedPublishes == 1)
        #expect(persisted.unmatchedPublishes == 1)
    }

    @Test func refusedAndWithdrawnSubscriptionsStoreNothing() throws {
        var fleet = Fleet()
        let id = try #require(PacketID(1))
        fleet.sensor { $0.connect() }
        fleet.archiver { $0.connect(Self.durable(.v3_1_1, clean: false, expiry: nil)) }
        fleet.archiver { $0.client(Self.subscribe("a/#")) }
        fleet.archiver { $0.broker(.suback(Suback(packetID: id, reasonCodes: [0x80]))) }
        fleet.sensor { $0.client(.reading("a/1")) }
        fleet.archiver { $0.client(Self.subscribe("b/#")) }
        fleet.archiver { $0.broker(.suback(Suback(packetID: id, reasonCodes: [1]))) }
        fleet.sensor { $0.client(.reading("b/1")) }
        fleet.archiver { $0.client(.unsubscribe(Unsubscribe(packetID: id, filters: ["b/#"]))) }
        fleet.sensor { $0.client(.reading("b/1")) }
        let persisted = try fleet.persisted()
        #expect(persisted.matchedPublishes == 1)
        #expect(persisted.unmatchedPublishes == 2)
    }

    @Test func topicAliasesStandForTheirTopics() throws {
        var wire = Wire()
        wire.connect(Connect(version: .v5, clientID: "sensor"))
        for topic in ["a/1", "", "", "a/2", ""] {
            wire.client(.publish(Publish(topic: topic, properties: [.topicAlias(3)])), version: .v5)
        }
        let inspection = try inspect(wire)
        #expect(inspection.publish.topics == 2)
        #expect(inspection.packets["PUBLISH"] == 5)
    }

    @Test func latencyIsFromPublishToPuback() throws {
        var wire = Wire()
        wire.connect()
        wire.client(.reading(qos: .atLeastOnce))
        wire.time += 49_000_000
        wire.broker(.puback(Acknowledgement(packetID: try #require(PacketID(7)))))
        let latency = try #require(try inspect(wire).pubackLatency)
        #expect(latency.count == 1)
        #expect(abs(latency.p50 - 50_000) < 100)
        var without = Wire()
        without.connect()
        #expect(try inspect(without).pubackLatency == nil)
    }

    @Test func habitsAreFoundAndOnlyWhereTheyAre() throws {
        var frames: [TestFrame] = []
        let will = Will(topic: "status", payload: [], retain: true)
        let clients: [(Connect, [Packet])] = [
            (
                Connect(version: .v3_1_1, clientID: "careful", will: will),
                [.reading(), .reading(qos: .atLeastOnce)]
            ),
            (
                Connect(version: .v3_1_1, clientID: "twice", will: will),
                Array(repeating: .reading(qos: .exactlyOnce), count: 5)
            ),
            (
                Connect(version: .v3_1_1, clientID: "rarely", will: will),
                Array(repeating: .reading(qos: .exactlyOnce), count: 4)
            ),
            (Connect(version: .v3_1_1, clientID: "silent"), [.reading()]),
            (Connect(version: .v3_1_1, clientID: "listener"), []),
            (
                Connect(
                    version: .v5, clientID: "torn", cleanStart: true, will: will,
                    properties: [.sessionExpiryInterval(60)]),
                [.reading()]
            ),
        ]
        for (number, (connect, packets)) in clients.enumerated() {
            var wire = Wire(clientPort: 50_000 + UInt16(number))
            wire.connect(connect)
            for packet in packets { wire.client(packet, version: connect.version) }
            frames += wire.frames
        }
        let findings = try inspect(CaptureFile.pcap(frames)).findings
        #expect(
            findings.map(\.rule) == [
                "qos2_everywhere", "qos_without_session", "contradictory_clean", "no_will",
            ])
        #expect(findings.map(\.examples) == [["twice"], ["twice"], ["torn"], ["silent"]])
        #expect(findings.map(\.publishes) == [5, 5, 1, 1])
    }

    /// Scripts read these names.
    @Test func jsonHasTheKeysOfTheDesign() throws {
        var wire = Wire()
        wire.connect()
        wire.client(.reading())
        let data = try JSONEncoder().encode(try inspect(wire))
        let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        func keys(_ name: String) -> Set<String> {
            Set((json[name] as? [String: Any])?.keys.map { $0 } ?? [])
        }
        #expect(
            json.keys.sorted() == [
                "captures", "clients", "connections", "findings", "forecast", "malformed_packets",
                "packets", "persisted", "profile", "publish", "quality", "span_seconds",
                "tcp_streams", "topic_classes",
            ])
        let captures = try #require(json["captures"] as? [[String: Any]])
        #expect(
            try #require(captures.first).keys.sorted() == [
                "bytes", "compression", "cut_off", "format", "frames", "link_type", "path",
            ])
        #expect(keys("packets") == Set(PacketType.allCases.map(\.name)))
        #expect(
            keys("publish") == ["qos0", "qos1", "qos2", "retain", "dup", "payload_bytes", "topics"])
        #expect(
            keys("persisted") == [
                "matched_publishes", "unmatched_publishes", "matched_share", "source",
                "durable_sessions",
                "filter_count", "filters",
            ])
        #expect(
            keys("quality") == [
                "verdict", "lost_bytes", "skipped_bytes", "truncated_frames",
                "retransmitted_segments", "out_of_order_segments", "duplicate_frames",
                "twice_captured_segments",
                "connections_without_connect", "encrypted_connections", "reasons",
                "speaks_for",
            ])
        let decoded = try JSONDecoder().decode(Inspection.self, from: data)
        #expect(try JSONEncoder().encode(decoded).count == data.count)
    }
}
