import Foundation
import TestSupport
import Testing

/// `dstune inspect` with what it can be told beside the captures.
@Suite struct InspectOptionsTests {
    private static func inspect(
        _ arguments: [String], in scratch: ScratchDirectory
    ) throws -> (outcome: Command.Outcome, json: [String: Any]) {
        let outcome = try Command.run(
            ["inspect", Folder.capture, "--format", "json"] + arguments, in: scratch.path)
        let json = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        return (outcome, json as? [String: Any] ?? [:])
    }

    /// The bundled capture holds warnings: the command says so only if it is asked to.
    @Test func onlyStrictFailsForWarnings() throws {
        let scratch = ScratchDirectory()
        #expect(try Self.inspect([], in: scratch).outcome.code == 0)
        let strict = try Self.inspect(["--strict", "--redact"], in: scratch)
        #expect(strict.outcome.code == 1)
        #expect(strict.outcome.errors.isEmpty)
        #expect(strict.json["findings"] != nil)
        #expect(!strict.outcome.output.contains("dev-0"))
    }

    /// Fails if the version, its engine or its configuration do not reach the forecast.
    @Test func theForecastIsForTheBrokerThatIsNamed() throws {
        let scratch = ScratchDirectory()
        let config = scratch("emqx.conf")
        try Data(
            """
            durable_sessions.message_retention_period = 4h
            durable_storage.messages {
              backend = builtin_local
              n_shards = 4
              layout { type = wildcard_optimized_v2, serialization_schema = asn1 }
            }
            """.utf8
        ).write(to: URL(fileURLWithPath: config))
        let json = try Self.inspect(["--config", config], in: scratch).json
        let forecast = try #require(json["forecast"] as? [String: Any])
        #expect(forecast["engine"] as? String == "emqx-5.8-local")
        #expect((forecast["shards"] as? [Any])?.count == 4)
        let disk = try #require(forecast["disk"] as? [String: Any])
        #expect(disk["retention_s"] as? Double == 14_400)
        // 731 kB with the other serializer.
        let recorded = try #require(forecast["recorded"] as? [String: Int])
        #expect(315_000..<316_000 ~= recorded["value_bytes"] ?? 0)
        let newer = try Self.inspect(["--emqx", "6.1.1"], in: scratch).json
        let other = try #require(newer["forecast"] as? [String: Any])
        #expect((other["engine"] as? String)?.hasPrefix("emqx-6.1.1") == true)
    }

    @Test func subscriptionsComeFromAFileAndBadOnesAreRefused() throws {
        let scratch = ScratchDirectory()
        let file = scratch("subscriptions.tsv")
        try Data("historian\tnobody/#\t1\n".utf8).write(to: URL(fileURLWithPath: file))
        let json = try Self.inspect(["--subscriptions", file], in: scratch).json
        let persisted = try #require(json["persisted"] as? [String: Any])
        #expect(persisted["source"] as? String == "given")
        #expect(persisted["matched_publishes"] as? Int == 2_041)
        try Data("historian nobody/#\n".utf8).write(to: URL(fileURLWithPath: file))
        let refused = try Command.run(
            ["inspect", Folder.capture, "--subscriptions", file], in: scratch.path)
        #expect(refused.code == 2)
        #expect(refused.errors.contains("\(file), line 1: wants a client id"))
        let missing = try Command.run(
            ["inspect", Folder.capture, "--subscriptions", "/nowhere/subs"], in: scratch.path)
        #expect(missing.code == 2)
        #expect(missing.errors.contains("/nowhere/subs: cannot be read"))
    }
}
