import Foundation
import MQTT
import Testing
import TestSupport
import Traffic

/// Captures that are made: every decoder reads them, and finds nothing to complain about.
@Suite struct PcapngWriterTests {
    /// Writes the traffic of a fleet and hands over the file and what is true of it.
    private func written(
        _ fleet: Fleet, seed: UInt64 = 1, _ body: (String, FleetTruth) throws -> Void
    ) throws {
        let scratch = ScratchDirectory()
        let path = scratch("fleet.pcapng")
        let truth = try fleet.write(
            to: OutputFile.named(path), as: .pcapng, seed: seed, watch: { _ in true })
        try body(path, try #require(truth))
    }

    private func small(_ name: String, devices: Int = 12) throws -> Fleet {
        var fleet = try shippedFleet(name).scaled(toDevices: devices)
        // The meters' first burst comes after half an hour.
        fleet.duration = name == "smart-meters" ? 40 * 60 * .second : 150 * .second
        return fleet
    }

    @Test(arguments: shippedFleets) func ourDecoderFindsWhatWasWritten(_ name: String) throws {
        try written(try small(name)) { path, truth in
            let inspection = try Inspection(captures: [path])
            #expect(inspection.packets == truth.figures.packets)
            #expect(inspection.connections == truth.figures.connections)
            #expect(inspection.clients == truth.figures.clients)
            #expect(inspection.malformedPackets == 0)
            #expect(inspection.publish.payloadBytes == truth.figures.payloadBytes)
            #expect(inspection.publish.retain == truth.figures.retained)
            let both = (truth.figures.published, truth.figures.delivered)
            #expect(inspection.publish.qos0 == both.0.qos0 + both.1.qos0)
            #expect(inspection.publish.qos1 == both.0.qos1 + both.1.qos1)
            #expect(inspection.publish.qos2 == both.0.qos2 + both.1.qos2)
        }
    }

    @Test(arguments: shippedFleets) func aTraceHoldsTheSameAsTheCapture(_ name: String) throws {
        let scratch = ScratchDirectory()
        let (fleet, path) = (try small(name), scratch("fleet.dstrace"))
        let truth = try #require(
            try fleet.write(
                to: OutputFile.named(path), as: .dstrace, seed: 1, watch: { _ in true }))
        let traced = try Inspection(captures: [path])
        #expect(traced.packets == truth.figures.packets)
        try written(fleet) { path, _ in
            let captured = try Inspection(captures: [path])
            #expect(captured.packets == traced.packets)
            #expect(captured.publish == traced.publish)
            #expect(captured.connections == traced.connections)
            #expect(captured.persisted == traced.persisted)
            #expect(captured.findings == traced.findings)
        }
    }

    @Test(
        .enabled(if: Tool.areThere, "tshark is not installed"),
        arguments: shippedFleets)
    func tsharkFindsWhatWasWrittenAndNothingToComplainAbout(_ name: String) throws {
        try written(try small(name)) { path, truth in
            let types = try Tool.fields(
                ["-r", path, "-Y", "mqtt", "-e", "mqtt.msgtype"], in: folder(of: path))
            let found = types.reduce(into: [String: Int]()) { counts, type in
                guard let type = UInt8(type).flatMap(PacketType.init) else { return }
                counts[type.name, default: 0] += 1
            }
            #expect(found == truth.figures.packets.filter { $0.value > 0 })
            // With all checksums looked at: nothing that is bad, lost, doubled, out of order or malformed. A reset is
            // a warning of tshark's, and what the fleet asked for.
            let complaints = try Tool.fields(
                [
                    "-r", path, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE",
                    "-Y",
                    "_ws.expert.severity >= 0x00400000 && !tcp.flags.reset == 1 || _ws.malformed",
                    "-e", "_ws.expert.message",
                ], in: folder(of: path)
            ).filter { !$0.contains("onnection closing") && !$0.hasPrefix("Connection finish") }
            #expect(complaints == [])
        }
    }

    private func folder(of path: String) -> String {
        URL(fileURLWithPath: path).deletingLastPathComponent().path
    }

    @Test func largePacketsAreCutIntoSegments() throws {
        let fleet = try fleet(
            """
            name = large, duration = "30s"
            groups { d { count = 1, client_id = "dev-{index}", messages { m {
              topic = t, every = "5s", qos = 1, payload { binary { size = { min = "5KB", max = "90KB" } } } } } }
              s { count = 1, client_id = "sub-{index}", subscriptions { all { filter = "#" } } } }
            """)
        try written(fleet) { path, truth in
            let inspection = try Inspection(captures: [path])
            #expect(inspection.packets == truth.figures.packets)
            #expect(inspection.publish.payloadBytes == truth.figures.payloadBytes)
            let frames = try #require(inspection.captures.first).frames
            #expect(frames > truth.figures.payloadBytes / 1_460)
            #expect(inspection.quality.verdict == .good)
        }
    }

    @Test(.enabled(if: Tool.areThere, "tshark is not installed"))
    func everySecondSegmentIsAcknowledgedAndEndingsAreTold() throws {
        try written(try small("vehicles")) { path, truth in
            let flags = try Tool.fields(
                ["-r", path, "-e", "tcp.flags"], in: folder(of: path)
            ).compactMap {
                Int($0.dropFirst(2), radix: 16)
            }
            #expect(flags.count { $0 == 0x02 } == truth.figures.connections)
            #expect(flags.count { $0 == 0x12 } == truth.figures.connections)
            #expect(flags.contains { $0 & 0x04 != 0 })
            #expect(flags.count { $0 & 0x01 != 0 } % 2 == 0)
            let unacknowledged = try Tool.fields(
                [
                    "-r", path, "-e", "tcp.analysis.bytes_in_flight",
                ], in: folder(of: path)
            )
            .compactMap { Int($0) }.max()
            #expect((unacknowledged ?? 0) <= 2 * 1_460)
        }
    }

    @Test func otherAddressesAndMissingOnesGetFramesOfTheirOwn() throws {
        let scratch = ScratchDirectory()
        let path = scratch("ends.pcapng")
        var writer = PcapngWriter(try OutputFile.named(path))
        let client = Endpoint(address: [UInt8](repeating: 0x20, count: 16), port: 40_000)
        let nobody = Endpoint(address: [0, 0, 0, 0], port: 0)
        // The second has the end of the first, which is still open.
        for (number, end) in [client, client, nobody, nobody].enumerated() {
            writer.opened(number, client: end, at: Int64(number))
        }
        let connect = Packet.connect(Connect(version: .v5, clientID: "c")).bytes(.v5)
        for number in 0..<4 {
            writer.received(
                DecodedPacket(
                    connection: number, direction: .toBroker, time: 10, type: .connect,
                    version: .v5,
                    content: try DecodedPacket.Content(connect.span.bytes, version: .v5)),
                connect.span.bytes)
        }
        writer.closed(0, version: .v5, .reset, at: 20)
        writer.closed(1, version: .v5, .fin, at: 20)
        try writer.finish()
        let inspection = try Inspection(captures: [path])
        #expect(inspection.connections == 4)
        #expect(inspection.packets["CONNECT"] == 4)
        #expect(inspection.malformedPackets == 0)
    }

    @Test func theFileIsItsOwnersAloneAndRepeats() throws {
        let fleet = try small("vehicles", devices: 3)
        var first: [UInt8] = []
        for _ in 0..<2 {
            try written(fleet) { path, _ in
                let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
                #expect(first.isEmpty || first == bytes)
                first = bytes
                let mode =
                    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
                    as? Int
                #expect(mode == 0o600)
            }
        }
        #expect(!first.isEmpty)
    }

    @Test func whatIsStoppedLeavesNothingBehind() throws {
        let scratch = ScratchDirectory()
        let truth = try shippedFleet("air-quality").write(
            to: OutputFile.named(scratch("stopped.pcapng")), as: .pcapng, seed: 1,
            watch: { $0.share < 0.02 })
        #expect(truth == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == [])
    }
}
