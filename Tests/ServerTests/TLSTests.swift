import Foundation
import MQTT
import Server
import TestSupport
import Testing

/// Checklist 4. MQTT over TLS, with certificates that `openssl` makes for the test and as its client.
@Suite(.enabled(if: Tool.hasOpenSSL, "openssl is not installed")) struct TLSTests {
    private static func harness(asking: Bool) async throws -> ServerHarness {
        try await ServerHarness { configuration, scratch in
            try Certificates.make(in: scratch)
            configuration.listeners[0].kind = .ssl
            var tls = ServerConfiguration.TLS(
                certificate: scratch("server.pem"), key: scratch("server.key"))
            if asking {
                tls.clientAuthorities = scratch("ca.pem")
                tls.requiresClientCertificate = true
            }
            configuration.listeners[0].tls = tls
        }
    }

    /// CONNECT, then DISCONNECT, through `openssl s_client`.
    private static func talk(_ harness: ServerHarness, _ more: String = "") -> [UInt8]? {
        let line =
            "openssl s_client -quiet -verify_return_error -CAfile ca.pem -connect 127.0.0.1:\(harness.port) \(more)"
        return Tool.run(
            line.split(separator: " ").map(String.init), in: harness.scratch.path,
            input: ServerHarness.connect("c") + [0xE0, 0x00])
    }

    @Test func aClientOverTLSIsAnswered() async throws {
        let harness = try await Self.harness(asking: false)
        try ServerHarness.expectConnack(Self.talk(harness))
        await harness.server.stop()
    }

    /// Fails if a client without a certificate gets in, or one with it does not.
    @Test func aClientCertificateIsAskedForWhereItIsRequired() async throws {
        let harness = try await Self.harness(asking: true)
        #expect(Self.talk(harness) == [])
        try ServerHarness.expectConnack(Self.talk(harness, "-cert client.pem -key client.key"))
        await harness.server.stop()
    }

    /// A file that is no certificate is named at start.
    @Test func aBadCertificateFileIsNamed() async throws {
        let scratch = ScratchDirectory()
        try "nothing".write(toFile: scratch("bad.pem"), atomically: true, encoding: .utf8)
        await #expect(throws: ServerError.self) {
            _ = try await ServerHarness { configuration, _ in
                configuration.listeners[0].kind = .ssl
                configuration.listeners[0].tls = ServerConfiguration.TLS(
                    certificate: scratch("bad.pem"), key: scratch("bad.pem"))
            }
        }
    }
}
