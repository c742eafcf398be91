import Foundation
import Knobs
import MQTT
import Server
import Storage
import TestSupport
import Testing

/// The admin listener of a real broker: what it counts, what it says, what it refuses.
@Suite struct AdminTests {
    /// A broker with an admin listener, and who asks it.
    struct Stage {
        let server: BrokerServer
        let client: AdminClient

        init(_ directory: String, onCommit: Bool = false) async throws {
            let durability =
                onCommit ? Durability(acknowledgement: .onCommit, sync: .none) : nil
            var configuration = ServerConfiguration(
                dataDirectory: directory,
                storage: StoreOptions(
                    engine: .emqx58Local, setting: Setting(), durability: durability))
            configuration.listeners[0].endpoint.port = 0
            configuration.access.allowsAnonymous = true
            configuration.admin = ServerConfiguration.Endpoint(host: "127.0.0.1", port: 0)
            configuration.version = "1.2\"3\\"
            server = try await BrokerServer(configuration)
            let port = try #require(server.adminPort)
            client = try #require(AdminClient(url: "http://127.0.0.1:\(port)"))
        }

        func scrape() async throws -> ExpositionParser {
            let answer = try await client.get("/api/v5/prometheus/stats")
            #expect(answer.status == 200)
            #expect(answer.contentType == "text/plain; version=0.0.4; charset=utf-8")
            return try ExpositionParser(answer.body)
        }

        func connect(_ clientID: String, durable: Bool = false) throws -> WireClient {
            let wire = try WireClient(port: server.ports[0])
            var connect = Connect(version: .v5, clientID: clientID)
            if durable { connect.properties = [.sessionExpiryInterval(3_600)] }
            try send(.connect(connect), over: wire)
            #expect(try wire.packet()?.first == 0x20)
            return wire
        }

        func send(_ packet: Packet, over wire: WireClient) throws {
            var bytes: [UInt8] = []
            packet.write(to: &bytes, version: .v5)
            try wire.send(bytes)
        }

        /// Publishes `count` messages at QoS 1 and waits for each answer.
        func publish(_ count: Int, over wire: WireClient, qos: QoS = .atLeastOnce) throws {
            for index in 1...count {
                let id = qos == .atMostOnce ? nil : PacketID(UInt16(index))
                let publish = Publish(
                    qos: qos, retain: false, topic: "a/b", packetID: id, properties: [],
                    payload: [1, 2, 3])
                try send(.publish(publish), over: wire)
                guard qos != .atMostOnce else { continue }
                #expect(try wire.packet()?.first == (qos == .atLeastOnce ? 0x40 : 0x50))
            }
        }

        func subscribe(_ filter: String, over wire: WireClient) throws {
            // SUBSCRIBE, packet identifier 1, no properties, one filter at QoS 1.
            let text = Array(filter.utf8)
            try wire.send(
                [0x82, UInt8(6 + text.count), 0, 1, 0, 0, UInt8(text.count)] + text + [1])
            #expect(try wire.packet()?.first == 0x90)
        }
    }

    /// Fails if a metric is left out of the text, has no HELP or TYPE, or a label is not escaped.
    @Test func theTextIsValidAndHoldsEveryMetricThatHasASource() async throws {
        let scratch = ScratchDirectory()
        let stage = try await Stage(scratch("data"))
        let text = try await stage.scrape()
        let info = try #require(text.samples("dstune_info").first)
        #expect(info.labels["version"] == "1.2\"3\\")
        #expect(info.labels["engine"] == EngineModel.emqx58Local.id)
        #expect(info.labels["acknowledge"] == "on_enqueue")
        let mayBeAbsent: Set = [
            "emqx_ds_store_batch_time", "emqx_ds_buffer_flush_time", "emqx_ds_buffer_latency",
            "dstune_memory_allocated_bytes", "dstune_memory_resident_bytes",
        ]
        for metric in AdminMetric.catalogue where !mayBeAbsent.contains(metric.name) {
            #expect(text.families[metric.name]?.type == metric.kind.rawValue, "\(metric.name)")
        }
        await stage.server.stop()
    }

    @Test func everyMetricIsDeclaredOnceAndNamedByTheRules() {
        let names = AdminMetric.catalogue.map(\.name)
        #expect(Set(names).count == names.count)
        for metric in AdminMetric.catalogue {
            #expect(metric.name.hasPrefix("emqx_") || metric.name.hasPrefix("dstune_"))
            if metric.kind == .counter, !metric.name.hasPrefix("emqx_") {
                #expect(metric.name.hasSuffix("_total"))
            }
        }
    }

    /// Fails if a packet is counted twice or not, an acknowledgement is not measured, or a committed message is
    /// not among its shard's.
    @Test(arguments: [false, true]) func countsAreWhatClientsSent(onCommit: Bool) async throws {
        let scratch = ScratchDirectory()
        let stage = try await Stage(scratch("data"), onCommit: onCommit)
        let subscriber = try stage.connect("reader", durable: true)
        try stage.subscribe("a/#", over: subscriber)
        let publisher = try stage.connect("writer")
        try stage.publish(7, over: publisher)
        async let during = stage.scrape()
        try stage.publish(20, over: publisher)
        try stage.publish(2, over: publisher, qos: .exactlyOnce)
        try stage.publish(3, over: publisher, qos: .atMostOnce)
        try stage.send(.pingreq, over: publisher)
        #expect(try publisher.packet()?.first == 0xD0)
        let first = try await during
        #expect(try #require(first.value("emqx_messages_qos1_received")) >= 7)
        for _ in 0..<32 {
            let packet = try #require(try subscriber.packet())
            #expect(packet[0] >> 4 == 3)
            // Behind the fixed header and the topic; storage reads on once a batch is acknowledged.
            if packet[0] & 0b110 != 0 { try subscriber.send([0x40, 2, packet[7], packet[8]]) }
        }

        let text = try await stage.scrape()
        #expect(text.value("emqx_messages_received") == 32)
        #expect(text.value("emqx_messages_qos0_received") == 3)
        #expect(text.value("emqx_messages_qos1_received") == 27)
        #expect(text.value("emqx_messages_qos2_received") == 2)
        #expect(text.value("emqx_packets_puback_sent") == 27)
        #expect(text.value("emqx_packets_pubrec_sent") == 2)
        #expect(text.value("dstune_messages_stored_total") == 32)
        #expect(text.value("emqx_connections_count") == 2)
        #expect(text.value("emqx_sessions_count") == 2)
        #expect(text.value("emqx_durable_subscriptions_count") == 1)
        #expect(text.samples("emqx_ds_buffer_messages").reduce(0) { $0 + $1.value } == 32)
        // Topic and payload, 3 bytes each.
        #expect(text.samples("emqx_ds_buffer_bytes").reduce(0) { $0 + $1.value } == 32 * 6)
        #expect(text.value("dstune_ds_queue_depth") == 0)
        let mode = onCommit ? "on_commit" : "on_enqueue"
        func answered(_ packet: String) -> Double? {
            text.value(
                "dstune_acknowledgement_seconds_count",
                ["packet": packet, "acknowledge": mode, "sync": "none"])
        }
        #expect(answered("puback") == 27)
        #expect(answered("pubrec") == 2)
        await stage.server.stop()
    }

    /// Fails if a broker that drains, or that is not there, is called ready.
    @Test func readinessFollowsTheBroker() async throws {
        let scratch = ScratchDirectory()
        let stage = try await Stage(scratch("data"))
        #expect(try await stage.client.get("/readyz").status == 200)
        #expect(try await stage.client.get("/livez").status == 200)
        stage.server.drainAdmin()
        let draining = try await stage.client.get("/readyz")
        #expect(draining.status == 503)
        #expect(draining.body == "draining\n")
        #expect(try await stage.client.get("/livez").status == 200)
        #expect(
            try await stage.client.document(BrokerStatus.self, "/api/v5/status").isReady == false)
        await stage.server.stop()
        await #expect(throws: AdminClientError.self) { try await stage.client.get("/readyz") }
    }

    @Test func sessionsComeInPagesAndOneByOne() async throws {
        let scratch = ScratchDirectory()
        let stage = try await Stage(scratch("data"))
        let wires = try (0..<5).map { try stage.connect("client/\($0) ä", durable: $0 == 3) }
        try stage.subscribe("x/+", over: wires[3])
        var names: Set<String> = []
        var from: Int? = 0
        while let place = from {
            let page = try await stage.client.document(
                SessionPage.self, "/api/v5/sessions", query: [("from", "\(place)"), ("limit", "2")])
            #expect(page.sessions.count <= 2)
            names.formUnion(page.sessions.map(\.clientId))
            from = page.next
        }
        #expect(names == Set((0..<5).map { "client/\($0) ä" }))
        let detail = try await stage.client.document(
            SessionDetail.self, "/api/v5/sessions", query: [("client_id", "client/3 ä")])
        #expect(detail.session.isDurable && detail.session.isConnected)
        #expect(detail.subscriptions.map(\.filter) == ["x/+"])
        for (query, status) in [("limit=0", 400), ("limit=1001", 400), ("client_id=no", 404)] {
            #expect(try await stage.client.get("/api/v5/sessions?\(query)").status == status)
        }
        await stage.server.stop()
    }

    /// Fails if a body is read, or headers without end are kept.
    @Test func whatIsTooLargeIsRefused() async throws {
        let scratch = ScratchDirectory()
        let stage = try await Stage(scratch("data"))
        let port = try #require(stage.server.adminPort)
        for request in [
            "GET /livez HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\nconnection: close\r\n\r\n",
            "GET /livez HTTP/1.1\r\nhost: a\r\nlong: \(String(repeating: "x", count: 20_000))\r\n\r\n",
        ] {
            let wire = try WireClient(port: port)
            try wire.send(Array(request.utf8))
            let status = try wire.read(12).map { String(decoding: $0, as: UTF8.self) }
            #expect(status == nil || status?.hasPrefix("HTTP/1.1 4") == true, "\(status ?? "")")
        }
        #expect(try await stage.client.get("/livez").status == 200)
        await stage.server.stop()
    }

    @Test func aBrokerThatIsNotThereIsOneSentence() async throws {
        let client = try #require(AdminClient(url: "127.0.0.1:1"))
        do {
            _ = try await client.get("/livez")
            Issue.record("somebody answers on port 1")
        } catch {
            #expect(error.description.contains("no broker answers at http://127.0.0.1:1"))
            #expect(!error.description.contains("\n"))
        }
        for url in ["https://a:1", "http://a", "ftp://a:1", "a:0", "a:b", "http://a:1/x"] {
            #expect(AdminClient(url: url) == nil, "\(url)")
        }
    }
}
