import Dispatch
import Foundation
import Knobs
import MQTT
import Measure
import Replay
import Server
import Storage
import TestSupport
import Testing
import Traffic

/// The bundled capture over sockets, to brokers that are there.
@Suite struct SocketTargetTests {
    private static func ownBroker(
        _ scratch: ScratchDirectory, _ change: (inout ServerConfiguration) -> Void = { _ in }
    ) async throws -> BrokerServer {
        var configuration = ServerConfiguration(
            dataDirectory: scratch("data"),
            storage: StoreOptions(
                engine: .emqx58Local, setting: Setting(["n_shards": 1]), miniature: 64))
        configuration.listeners[0].endpoint.port = 0
        configuration.access.allowsAnonymous = true
        configuration.admin = nil
        change(&configuration)
        return try await BrokerServer(configuration)
    }

    private static func target(_ port: Int, _ scheme: String = "mqtt") throws -> ResolvedTarget {
        try Target(parsing: "\(scheme)://127.0.0.1:\(port)").resolved(isOwned: false)
    }

    /// One pass, twenty times as fast, and what is answered within ten seconds after it.
    private static func replay(over transport: SocketTransport) throws -> Recorder {
        let trace = try Trace.load(captures: [Folder.capture]).trace
        let replayer = Replayer(
            TraceTimeline(trace), over: transport, on: Schedule(start: .now(), speed: 20))
        let end = try replayer.run { transport.reasonToStop(at: .now()).map { "\($0)" } }
        #expect(end == .finished)
        replayer.settle(until: .now() + .seconds(10)) { transport.unanswered == 0 }
        replayer.hangUp()
        return replayer.recorder
    }

    private static func check(_ port: Int) throws {
        let transport = try SocketTransport(target(port))
        let recorder = try replay(over: transport)
        // Client to broker, as the capture's own notes have it.
        #expect(recorder.sent.counts == [1126, 323, 592])
        // A client that is cut off before its answer comes loses it where its session ends with the connection.
        #expect(recorder.acknowledged.total + recorder.abandoned == 323 + 592)
        #expect(recorder.refused == 0 && recorder.turnedAway == 0 && recorder.unsent == 0)
        let split = recorder.acknowledgementSplit
        #expect(
            split.all.filter { $0.time > 0 }.allSatisfy { [.generator, .target].contains($0.part) })
        let report = transport.report()
        #expect(report.cutOff == 0 && report.unanswered == 0 && report.unsentBytes == 0)
        #expect(Int(report.socketTimes.count) == 1126 + 323 + 592 + recorder.resent)
        #expect(report.faults.total == 0, "\(report.faults.sentences)")
        transport.stop()
    }

    @Test(.enabled(if: Mosquitto.isThere, "mosquitto is not installed"))
    func mosquittoAnswersWhatWasRecorded() async throws {
        try await blocking {
            let broker = try Mosquitto(["max_queued_messages 0"])
            try Self.check(broker.port)
        }
    }

    /// No coordinated omission: everything that was due while the target stood still waited for it, each from when it
    /// was to be sent. One message is due each millisecond of two seconds, in the first of which the target stops for
    /// 100 ms.
    @Test(.enabled(if: Mosquitto.isThere, "mosquitto is not installed"))
    func aPauseOfTheTargetShowsInFull() async throws {
        try await blocking {
            let broker = try Mosquitto()
            let transport = try SocketTransport(Self.target(broker.port))
            var script = Script()
            script.connect("meter")
            script.after(200)
            for _ in 0..<2_000 {
                script.publish("meter", "t")
                script.after(1)
            }
            let replayer = Replayer(
                TraceTimeline(script.trace()), over: transport,
                on: Schedule(start: .now(), speed: 1))
            // Half a second into the traffic. A thread of its own, because hundreds of tests may keep those of the
            // queues; one that is late still finds more than a second of traffic.
            Thread.detachNewThread {
                usleep(700_000)
                broker.pause(milliseconds: 100)
            }
            #expect(try replayer.run() == .finished)
            replayer.settle(until: .now() + .seconds(10)) { transport.unanswered == 0 }
            replayer.hangUp()
            let puback = replayer.recorder.puback
            #expect(puback.count == 2_000)
            #expect((puback.percentile(99.9) ?? .zero) > .milliseconds(90))
            // One in twenty was due meanwhile, and half of them had half of the pause still before them.
            #expect((puback.percentile(97) ?? .zero) > .milliseconds(20))
            transport.stop()
        }
    }

    @Test func ownBrokerAnswersWhatWasRecorded() async throws {
        let scratch = ScratchDirectory()
        let server = try await Self.ownBroker(scratch)
        let port = server.ports[0]
        try await blocking { try Self.check(port) }
        await server.stop()
    }

    /// Fails if a certificate of nobody's is taken, or one that is right is not.
    @Test func tlsIsHeldToItsAuthority() async throws {
        let scratch = ScratchDirectory()
        try Certificates.make(in: scratch)
        let server = try await Self.ownBroker(scratch) {
            $0.listeners[0].kind = .ssl
            $0.listeners[0].tls = ServerConfiguration.TLS(
                certificate: scratch("server.pem"), key: scratch("server.key"))
        }
        let port = server.ports[0]
        try await blocking {
            var options = SocketOptions()
            let fault = #expect(throws: TransportFault.self) {
                try SocketTransport(Self.target(port, "mqtts"), options)
            }
            #expect(fault?.kind == .tls && fault?.sentence.contains("--ca") == true)
            options.tls.authorities = scratch("server.key")
            #expect(throws: TargetError.self) {
                try SocketTransport(Self.target(port, "mqtts"), options)
            }
            options.tls.authorities = scratch("ca.pem")
            try Self.greet(Self.target(port, "mqtts"), options)
            options.tls.authorities = nil
            options.tls.isUnverified = true
            try Self.greet(Self.target(port, "mqtts"), options)
            // Plain TCP to a port that speaks TLS: somebody is there, and a CONNECT does not become a CONNACK.
            let hand = try SocketFaultTests.Hand(port)
            _ = hand.open()
            #expect(hand.take { !hand.ended.isEmpty })
            #expect(hand.transport.report().faults.total == 1)
            hand.transport.stop()
        }
        await server.stop()
    }

    /// Under TLS 1.3 a client has finished its handshake before the server has seen its certificate.
    @Test func aCertificateIsShownWhereItIsAskedFor() async throws {
        let scratch = ScratchDirectory()
        try Certificates.make(in: scratch)
        let server = try await Self.ownBroker(scratch) {
            $0.listeners[0].kind = .ssl
            var tls = ServerConfiguration.TLS(
                certificate: scratch("server.pem"), key: scratch("server.key"))
            tls.clientAuthorities = scratch("ca.pem")
            tls.requiresClientCertificate = true
            $0.listeners[0].tls = tls
        }
        let port = server.ports[0]
        try await blocking {
            var options = SocketOptions()
            options.tls.authorities = scratch("ca.pem")
            options.tls.certificate = scratch("client.pem")
            options.tls.key = scratch("client.key")
            try Self.greet(Self.target(port, "mqtts"), options)
            options.tls.certificate = nil
            let transport = try SocketTransport(Self.target(port, "mqtts"), options)
            let connection = transport.open(
                from: Endpoint(address: [127, 0, 0, 1], port: 1), at: .now())
            var hasEnded = false
            let deadline = MonotonicTime.now() + .seconds(10)
            while !hasEnded, MonotonicTime.now() < deadline {
                transport.wait(until: deadline)
                transport.receive(at: .now()) { number, packet, _ in
                    hasEnded = number == connection && packet.byteCount == 0
                }
            }
            #expect(hasEnded)
            #expect(transport.report().faults.counts == [.tls: 1])
            transport.stop()
        }
        await server.stop()
    }

    /// CONNECT and what comes of it.
    private static func greet(_ target: ResolvedTarget, _ options: SocketOptions) throws {
        let transport = try SocketTransport(target, options)
        #expect(try connect(1, over: transport) == 1, "\(transport.report().faults.sentences)")
        transport.stop()
    }

    /// - Returns: how many of so many clients were let in within a minute.
    private static func connect(_ count: Int, over transport: SocketTransport) throws -> Int {
        var welcome = 0
        func take() {
            transport.receive(at: .now()) { _, packet, _ in
                let answer = packet.withUnsafeBytes { Array($0) }
                if answer.count > 3, answer[0] == 0x20, answer[3] == 0 { welcome += 1 }
            }
        }
        for number in 0..<count {
            let connection = transport.open(
                from: Endpoint(address: [127, 0, 0, 1], port: 1), at: .now())
            var bytes: [UInt8] = []
            Packet.connect(Connect(version: .v5, clientID: "client-\(number)"))
                .write(to: &bytes, version: .v5)
            transport.send(bytes.span.bytes, on: connection, intended: .now())
            take()
        }
        let deadline = MonotonicTime.now() + .seconds(60)
        while welcome < count, MonotonicTime.now() < deadline {
            transport.wait(until: deadline)
            take()
        }
        return welcome
    }

    /// Fails if the transport, or the descriptors that it asks the system for, end before 5,000 clients.
    @Test func fiveThousandClientsConnect() async throws {
        let scratch = ScratchDirectory()
        let server = try await Self.ownBroker(scratch)
        let port = server.ports[0]
        try await blocking {
            let transport = try SocketTransport(Self.target(port))
            #expect(try Self.connect(5_000, over: transport) == 5_000)
            #expect(transport.report().faults.total == 0, "\(transport.report().faults.sentences)")
            transport.stop()
        }
        await server.stop()
    }
}
