import Foundation
import TestSupport
import Testing

/// Encrypted captures through the commands. The capture holds two clients of paho, one with TLS 1.2 and one with
/// 1.3, that publish five times each at QoS 1 to mosquitto.
struct TLSKeyLogTests {
    private static let folder = Folder.package.appendingPathComponent(
        "Tests/EndToEndTests/Captures")
    private static let capture = folder.appendingPathComponent("tls.pcap").path
    private static let keys = ["--tls-key-log", folder.appendingPathComponent("tls.keys").path]
    private let scratch = ScratchDirectory()

    private func run(_ arguments: [String]) throws -> Command.Outcome {
        try Command.run(arguments, in: scratch.path)
    }

    private func publishes(_ outcome: Command.Outcome) throws -> Int? {
        let json = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        let packets = (json as? [String: Any])?["packets"] as? [String: Int]
        return packets?["PUBLISH"]
    }

    @Test func inspectDecrypts() throws {
        let outcome = try run(["inspect", Self.capture, "--format", "json"] + Self.keys)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(try publishes(outcome) == 10)
    }

    @Test func convertDecrypts() throws {
        let made = try run(["convert", Self.capture, "--output", "plain.dstrace"] + Self.keys)
        #expect(made.code == 0, "\(made.errors)")
        #expect(try publishes(run(["inspect", "plain.dstrace", "--format", "json"])) == 10)
    }

    @Test func footprintDecrypts() throws {
        let arguments = [
            "footprint", Self.capture, "--engine", "emqx-5.8-local", "--shards", "1", "--all",
            "--format", "json",
        ]
        let outcome = try run(arguments + Self.keys)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let json =
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        #expect((json?["publishes"] as? [String: Any])?["stored"] as? Int == 10)
    }

    /// It gets as far as to see that nobody has a durable subscription.
    @Test func sweepDecrypts() throws {
        let outcome = try run(
            ["sweep", Self.capture, "--quick", "--study", "s", "--emqx", "5.8", "--edition", "ce"]
                + Self.keys)
        #expect(outcome.code == 2)
        #expect(
            outcome.complaints.last?.contains("no PUBLISH matches a durable subscription") == true)
    }

    /// What cannot be decrypted says why, and no command shows a secret.
    @Test(arguments: [
        ["inspect"], ["convert", "--output", "x.dstrace"],
        ["footprint", "--engine", "emqx-5.8-local", "--shards", "1"],
        ["sweep", "--quick", "--study", "s", "--emqx", "5.8", "--edition", "ce"],
    ]) func reasonsAreGiven(_ command: [String]) throws {
        let secrets = try String(contentsOfFile: Self.keys[1], encoding: .utf8)
            .split(whereSeparator: \.isWhitespace).filter { $0.count >= 64 }
        try Data("this is no key log\n".utf8).write(to: URL(fileURLWithPath: scratch("bad.keys")))
        let cases: [([String], String)] = [
            ([], "--tls-key-log"),
            (["--tls-key-log", "nowhere.keys"], "nowhere.keys: cannot be read"),
            (["--tls-key-log", "bad.keys"], "bad.keys: line 1: "),
        ]
        for (options, why) in cases where !(options.isEmpty && command[0] == "convert") {
            let outcome = try run(command + [Self.capture] + options)
            #expect(outcome.code == 2)
            #expect(outcome.complaints.last?.contains(why) == true, "\(outcome.errors)")
            #expect(
                !secrets.contains { outcome.errors.contains($0) || outcome.output.contains($0) })
        }
    }
}
