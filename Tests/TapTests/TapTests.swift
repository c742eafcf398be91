import Foundation
import MQTT
import Synchronization
import Tap
import TestSupport
import Testing
import Traffic

/// The proxy that records.
struct TapTests {
    private let scratch = ScratchDirectory()

    private func configuration(
        _ upstream: Int, _ output: TapConfiguration.Output? = nil
    ) -> TapConfiguration {
        TapConfiguration(
            listen: TapConfiguration.Address(host: "127.0.0.1", port: 0),
            upstream: TapConfiguration.Address(host: "127.0.0.1", port: upstream),
            output: output ?? .file(scratch("test.dstrace")))
    }

    private func bytes(_ packet: Packet, version: ProtocolVersion = .v3_1_1) -> [UInt8] {
        var bytes: [UInt8] = []
        packet.write(to: &bytes, version: version)
        return bytes
    }

    private func connect(_ client: String) -> [UInt8] {
        bytes(.connect(Connect(version: .v3_1_1, clientID: client)))
    }

    private func publish(_ payload: [UInt8]) -> [UInt8] {
        bytes(
            .publish(
                Publish(
                    qos: .atLeastOnce, topic: "site/a", packetID: PacketID(7), payload: payload)))
    }

    /// Connects, publishes and leaves.
    private func talk(_ port: Int, _ client: String, _ payloads: [[UInt8]]) async throws {
        let (connect, publishes) = (connect(client), payloads.map { publish($0) })
        let bye = bytes(.disconnect(Disconnect()))
        try await blocking {
            let wire = try WireClient(port: port)
            try wire.send(connect)
            #expect(try wire.read(4) == [0x20, 2, 0, 0])
            for packet in publishes {
                try wire.send(packet)
                #expect(try wire.read(4) == [0x40, 2, 0, 7])
            }
            try wire.send(bye)
            #expect(try wire.read(1) == nil)
        }
    }

    @Test func whatGoesByIsPassedOnAndWritten() async throws {
        let broker = try await FakeBroker()
        let tap = try await TapServer(configuration(broker.port)) { Issue.record("\($0)") }
        for client in ["a", "b", "c"] {
            try await talk(tap.port, client, (0..<5).map { [UInt8($0)] })
        }
        let summary = await tap.stop()
        try await broker.stop()
        #expect(summary.connections == 3)
        #expect(summary.malformedPackets == 0)
        #expect(summary.failure == nil)
        #expect(summary.files == [scratch("test.dstrace")])
        let (trace, inspection) = try Trace.load(captures: summary.files)
        #expect(trace.connections.map(\.clientID).sorted() == ["a", "b", "c"])
        #expect(trace.events.compactMap(\.ending) == [.disconnect, .disconnect, .disconnect])
        #expect(inspection.packets["PUBLISH"] == 15)
        #expect(inspection.packets["PUBACK"] == 15)
        #expect(inspection.packets["CONNACK"] == 3)
        #expect(inspection.quality.verdict == .good)
        let attributes = try FileManager.default.attributesOfItem(atPath: summary.files[0])
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let size = try #require(attributes[.size] as? Int)
        #expect(summary.bytes == size)
    }

    /// To the recording, what is open when the proxy ends is still open: nobody's will is due.
    @Test func connectionsThatOutliveTheProxyAreOpenInTheTrace() async throws {
        let broker = try await FakeBroker()
        let tap = try await TapServer(configuration(broker.port)) { Issue.record("\($0)") }
        let (port, connect) = (tap.port, connect("stays"))
        let wire = try await blocking {
            let wire = try WireClient(port: port)
            try wire.send(connect)
            #expect(try wire.read(4) == [0x20, 2, 0, 0])
            return wire
        }
        let summary = await tap.stop()
        #expect(try await blocking { try wire.read(1) } == nil)
        try await broker.stop()
        let (trace, _) = try Trace.load(captures: summary.files)
        #expect(trace.connections.map(\.clientID) == ["stays"])
        #expect(trace.events.compactMap(\.ending) == [.endOfCapture])
    }

    /// Clients come first: what cannot be written is said once, and traffic goes on.
    @Test(.enabled(if: getuid() == 0, "only root may mount a small disk"))
    func fullDiskEndsTheRecordingAndNotTheTraffic() async throws {
        guard let disk = SmallDisk(scratch("disk"), megabytes: 1) else {
            withKnownIssue("this machine does not let tests mount a tmpfs") { Issue.record("") }
            return
        }
        let broker = try await FakeBroker()
        let notes = Mutex<[String]>([])
        let output = TapConfiguration.Output.file(disk.path + "/test.dstrace")
        let tap = try await TapServer(configuration(broker.port, output)) { note in
            notes.withLock { $0.append(note) }
        }
        SmallDisk.fill(disk.path + "/ballast")
        var generator = SystemRandomNumberGenerator()
        for client in ["a", "b"] {
            let payloads = (0..<50).map { _ in
                (0..<10_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
            }
            try await talk(tap.port, client, payloads)
        }
        let summary = await tap.stop()
        try await broker.stop()
        #expect(summary.connections == 2)
        #expect(summary.failure?.contains("No space left on device") == true)
        #expect(summary.files.isEmpty)
        #expect(notes.withLock { $0.count { $0.hasPrefix("recording has ended") } } == 1)
        withExtendedLifetime(disk) {}
    }

    @Test func deadBrokerClosesClientsUntilItIsBack() async throws {
        let port = try await FakeBroker.freePort()
        let notes = Mutex<[String]>([])
        let tap = try await TapServer(configuration(port)) { note in
            notes.withLock { $0.append(note) }
        }
        let listening = tap.port
        for _ in 0..<3 {
            let answer = try await blocking { () throws -> [UInt8]? in
                let wire = try WireClient(port: listening)
                return try wire.read(1)
            }
            #expect(answer == nil)
        }
        let broker = try await FakeBroker(port: port)
        try await talk(listening, "later", [[1]])
        // It dies under a client, and comes again.
        let connect = connect("cut")
        let wire = try await blocking {
            let wire = try WireClient(port: listening)
            try wire.send(connect)
            #expect(try wire.read(4) == [0x20, 2, 0, 0])
            return wire
        }
        try await broker.stop()
        #expect(try await blocking { try wire.read(1) } == nil)
        let again = try await FakeBroker(port: port)
        try await talk(listening, "again", [[1]])
        let summary = await tap.stop()
        try await again.stop()
        #expect(notes.withLock { $0.count } == 2, "\(notes.withLock { $0 })")
        #expect(notes.withLock { $0.first?.contains("does not answer") } == true)
        #expect(notes.withLock { $0.last?.hasSuffix("is back") } == true)
        let (trace, _) = try Trace.load(captures: summary.files)
        #expect(trace.connections.map(\.clientID) == ["later", "cut", "again"])
    }

    /// All files together hold everything once.
    @Test func filesAreRotatedBySize() async throws {
        let broker = try await FakeBroker()
        var configuration = configuration(broker.port, .folder(scratch("many")))
        configuration.rotation.size = 20_000
        let tap = try await TapServer(configuration) { Issue.record("\($0)") }
        var generator = SystemRandomNumberGenerator()
        for client in ["a", "b"] {
            let payloads = (0..<300).map { _ in
                (0..<1_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
            }
            try await talk(tap.port, client, payloads)
        }
        let summary = await tap.stop()
        try await broker.stop()
        #expect(summary.files.count > 2)
        #expect(summary.files == summary.files.sorted())
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: scratch("many")).count
                == summary.files.count)
        let (trace, inspection) = try Trace.load(captures: [scratch("many")])
        #expect(inspection.packets["PUBLISH"] == 600)
        #expect(trace.connections.map(\.clientID) == ["a", "b"])
    }

    @Test func filesAreRotatedByTimeIfThereIsSomethingInThem() async throws {
        let broker = try await FakeBroker()
        var configuration = configuration(broker.port, .folder(scratch("many")))
        configuration.rotation.seconds = 0.2
        let tap = try await TapServer(configuration) { Issue.record("\($0)") }
        for client in ["a", "b"] {
            try await talk(tap.port, client, [[1], [2]])
            try await Task.sleep(for: .milliseconds(1_200))
        }
        let summary = await tap.stop()
        try await broker.stop()
        // While nothing goes by, for six times as long, none is begun.
        #expect(2...6 ~= summary.files.count)
        #expect(try Trace.load(captures: summary.files).inspection.packets["PUBLISH"] == 4)
    }

    /// A broker that does not read stops the client, and memory does not grow with what the client would send.
    @Test func brokerThatDoesNotReadHoldsTheClient() async throws {
        let broker = try await FakeBroker(.isStuck)
        let tap = try await TapServer(configuration(broker.port)) { Issue.record("\($0)") }
        let port = tap.port
        let packet = connect("flood") + publish([UInt8](repeating: 1, count: 60_000))
        let sent = try await blocking {
            let wire = try WireClient(port: port, timeout: 1)
            var sent = 0
            while sent < 256 << 20 {
                do { try wire.send(packet) } catch { break }
                sent += packet.count
            }
            return sent
        }
        // Buffers of two TCP connections, and a quarter of a megabyte between them.
        #expect(sent < 64 << 20)
        _ = await tap.stop()
        try await broker.stop()
    }

    /// What the broker said before it closed still arrives, also at a client that reads slowly.
    @Test func whatWasSentBeforeTheEndArrives() async throws {
        let broker = try await FakeBroker(.talks(8 << 20))
        let tap = try await TapServer(configuration(broker.port)) { Issue.record("\($0)") }
        let port = tap.port
        let got = try await blocking {
            let wire = try WireClient(port: port)
            // Long enough for the sockets between to fill.
            Thread.sleep(forTimeInterval: 0.3)
            var got = 0
            while try wire.read(1 << 16) != nil { got += 1 << 16 }
            return got
        }
        #expect(got == 8 << 20)
        _ = await tap.stop()
        try await broker.stop()
    }

    @Test func badPlacesAreRefused() async throws {
        let broker = try await FakeBroker()
        defer { Task { try await broker.stop() } }
        try Data().write(to: URL(fileURLWithPath: scratch("there")))
        let places: [(TapConfiguration.Output, String)] = [
            (.file(scratch("there")), "is there already"),
            (.file(scratch("nowhere/a.dstrace")), "cannot be written"),
            (.folder(scratch("nowhere/folder")), "cannot be made"),
        ]
        for (output, why) in places {
            await #expect {
                _ = try await TapServer(configuration(broker.port, output)) { _ in }
            } throws: {
                "\($0)".contains(why)
            }
        }
        var taken = configuration(broker.port)
        taken.listen.port = broker.port
        await #expect {
            _ = try await TapServer(taken) { _ in }
        } throws: {
            "\($0)".contains("cannot listen on")
        }
        // Nothing is left behind.
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["there"])
    }

    @Test(arguments: [
        ("127.0.0.1:1883", "127.0.0.1", 1883), ("[::1]:1884", "::1", 1884),
        ("broker.example:0", "broker.example", 0),
    ]) func addressesAreRead(_ text: String, _ host: String, _ port: Int) {
        #expect(TapConfiguration.Address(text) == TapConfiguration.Address(host: host, port: port))
        #expect(TapConfiguration.Address(text)?.description == text)
    }

    @Test(arguments: ["", "1883", "host", "host:", "host:70000", "::1:1883", ":1883", "host:-1"])
    func badAddressesAreRefused(_ text: String) { #expect(TapConfiguration.Address(text) == nil) }
}
