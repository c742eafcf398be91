import Foundation
import Server
import TestSupport
import Testing

/// Clients by other hands: Debian's mosquitto_pub and mosquitto_sub, paho-mqtt, and gmqtt, which is built on
/// neither.
@Suite struct InteropTests {
    @Test(
        .enabled(if: RealClient.hasPython, "paho-mqtt is not there; `make test` installs it"),
        arguments: ["3.1.1", "5"])
    func pahoFindsABrokerThatKeepsItsPromises(_ version: String) async throws {
        let broker = try await RunningBroker()
        let outcome = try await RealClient.run(
            "paho_contract", "\(broker.port)", version, "tcp", in: broker.scratch.path)
        #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
        await broker.server.stop()
    }

    private static let transports: [(kind: ServerConfiguration.Listener.Kind, name: String)] = [
        (.ssl, "tcp"), (.ws, "websockets"), (.wss, "websockets"),
    ]

    /// Fails if a packet is cut or joined wrongly by frames or TLS records, or if large ones get stuck.
    @Test(
        .enabled(if: RealClient.hasPython, "paho-mqtt is not there; `make test` installs it"),
        .enabled(if: Tool.hasOpenSSL, "openssl is not installed"), arguments: transports)
    func pahoFindsTheSameOverTLSAndWebSocket(
        _ kind: ServerConfiguration.Listener.Kind, _ transport: String
    ) async throws {
        let scratch = ScratchDirectory()
        try Certificates.make(in: scratch)
        let broker = try await RunningBroker(in: scratch) { configuration in
            configuration.listeners[0].kind = kind
            guard kind.isEncrypted else { return }
            configuration.listeners[0].tls = ServerConfiguration.TLS(
                certificate: scratch("server.pem"), key: scratch("server.key"))
        }
        let outcome = try await RealClient.run(
            "paho_contract", "\(broker.port)", "5", transport,
            kind.isEncrypted ? scratch("ca.pem") : "", in: scratch.path)
        #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
        await broker.server.stop()
    }

    @Test(
        .enabled(if: RealClient.hasPython, "gmqtt is not there; `make test` installs it"),
        arguments: [4, 5])
    func gmqttFindsABrokerThatKeepsItsPromises(_ version: Int) async throws {
        let broker = try await RunningBroker()
        let outcome = try await RealClient.run(
            "gmqtt_contract", "\(broker.port)", "\(version)", in: broker.scratch.path)
        #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
        await broker.server.stop()
    }

    @Test(
        .enabled(if: RealClient.hasPython, "paho-mqtt is not there; `make test` installs it"))
    func theReliableSensorsPatternsWork() async throws {
        let broker = try await RunningBroker()
        let outcome = try await RealClient.run(
            "patterns", "\(broker.port)", in: broker.scratch.path)
        #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
        await broker.server.stop()
    }

    private static let mosquitto: [(version: String, qos: Int)] =
        ["mqttv31", "mqttv311", "mqttv5"].flatMap { version in (0...2).map { (version, $0) } }

    /// A durable session is made, messages are published for it, and it is resumed.
    @Test(
        .enabled(if: RealClient.hasMosquitto, "mosquitto-clients is not there; see the Makefile"),
        arguments: mosquitto)
    func mosquittosClientsResumeTheirSession(_ version: String, _ qos: Int) async throws {
        let broker = try await RunningBroker()
        let directory = broker.scratch.path
        let common = ["-p", "\(broker.port)", "-V", version, "-q", "\(qos)", "-t", "a/b"]
        // In version 5, `-c` also asks for a session that does not expire.
        let durable = common + ["-i", "durable", "-c"]
        let made = try await RealClient.wait {
            try Command.run(durable + ["-E"], of: RealClient.subscriber, in: directory)
        }
        #expect(made.code == 0, "\(made.errors)")
        let texts = (0..<3).map { "message \($0)" }
        for text in texts {
            let sent = try await RealClient.wait {
                try Command.run(
                    common + ["-m", text], of: RealClient.publisher, in: directory)
            }
            #expect(sent.code == 0, "\(sent.errors)")
        }
        let last = try await RealClient.wait {
            try Command.run(
                durable + ["-C", "3", "-W", "10", "-F", "%p %q"], of: RealClient.subscriber,
                in: directory)
        }
        // Each is of another publisher, so their order is nobody's promise.
        let lines = last.output.split(separator: "\n").map(String.init).sorted()
        // What is published at QoS 0 is kept for a durable session, as EMQX does.
        #expect(lines == texts.map { "\($0) \(qos)" }, "\(last.errors)")
        await broker.server.stop()
    }

    @Test(.enabled(if: RealClient.hasMosquitto, "mosquitto-clients is not there; see the Makefile"))
    func mosquittosSubscriberGetsWhatIsRetained() async throws {
        let broker = try await RunningBroker()
        let (port, directory) = ("\(broker.port)", broker.scratch.path)
        let sent = try await RealClient.wait {
            try Command.run(
                ["-p", port, "-t", "kept", "-m", "latest", "-r", "-q", "1"],
                of: RealClient.publisher, in: directory)
        }
        #expect(sent.code == 0)
        let got = try await RealClient.wait {
            try Command.run(
                ["-p", port, "-t", "#", "-C", "1", "-W", "10", "-F", "%t %p %r"],
                of: RealClient.subscriber, in: directory)
        }
        #expect(got.output == "kept latest 1\n", "\(got.errors)")
        await broker.server.stop()
    }
}
