import Foundation
import TestSupport
import Testing

/// `dstune replay --target` as a user runs it.
@Suite struct ReplayTargetTests {
    private static func replay(
        _ target: String, _ more: [String] = [], environment: [String: String] = [:]
    ) throws -> Command.Outcome {
        let scratch = ScratchDirectory()
        return try Command.run(
            ["replay", Folder.capture, "--speed", "20", "--format", "json", "--target", target]
                + more, in: scratch.path, environment: environment)
    }

    private static func summary(_ outcome: Command.Outcome) throws -> [String: Any] {
        let last = try #require(outcome.output.split(separator: "\n").last, "\(outcome.errors)")
        let object = try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any]
        return try #require(object?["summary"] as? [String: Any])
    }

    /// Fails if a word is missing where a target is refused, or if it is the wrong exit code for scripts.
    @Test func whatCannotBeReplayedToIsSaidAtOnce() throws {
        let nobody = try Mosquitto.freePort()
        for (target, more, code, word) in [
            ("mqtt://203.0.113.7", [], 2, "--i-own-this-target"),
            ("mqtt://user:hush@127.0.0.1", [], 2, "--credentials"),
            ("127.0.0.1:1883", [], 2, "mqtt://"),
            ("mqtt://127.0.0.1:\(nobody)", [], 3, "127.0.0.1:\(nobody)"),
            ("mqtts://127.0.0.1:\(nobody)", ["--ca", "/nowhere.pem"], 2, "/nowhere.pem"),
        ] as [(String, [String], Int32, String)] {
            let outcome = try Self.replay(target, more)
            #expect(outcome.code == code, "\(target): \(outcome.errors)")
            #expect(
                outcome.complaints.count == 1 && outcome.errors.contains(word), "\(outcome.errors)")
            #expect(!outcome.errors.contains("hush"))
        }
    }

    /// Sent counts are those on the wire, and every message is acknowledged, with and without a cap that hardly
    /// touches it.
    @Test(
        .enabled(if: Mosquitto.isThere, "mosquitto is not installed"),
        arguments: [[], ["--rate-cap", "3000"]])
    func mosquittoIsSentWhatWasRecorded(_ more: [String]) throws {
        let broker = try Mosquitto(["max_queued_messages 0"])
        let outcome = try Self.replay("mqtt://127.0.0.1:\(broker.port)", more)
        let summary = try Self.summary(outcome)
        #expect(outcome.code == 0, "\(outcome.errors)\(summary)")
        #expect(summary["sent"] as? [String: Int] == ["qos0": 1_126, "qos1": 323, "qos2": 592])
        let acknowledged = summary["acknowledged"] as? [String: Int]
        #expect(acknowledged == ["qos0": 0, "qos1": 323, "qos2": 592])
        let target = try #require(summary["target"] as? [String: Any])
        #expect((target["faults"] as? [String: Int]) == [:], "\(target)")
        #expect(target["cut_off"] as? Int == 0)
        let socket = try #require(target["socket_us"] as? [String: Any])
        #expect(socket["count"] as? Int == 1_126 + 323 + 592)
    }

    /// A broker that lets nobody in: every client is turned away, and the sentence says where credentials go.
    @Test(.enabled(if: Mosquitto.isThere, "mosquitto is not installed"))
    func whoIsTurnedAwayIsTold() throws {
        let broker = try Mosquitto(["allow_anonymous false"])
        let outcome = try Self.replay("mqtt://127.0.0.1:\(broker.port)")
        let target = try #require(try Self.summary(outcome)["target"] as? [String: Any])
        #expect((target["faults"] as? [String: Int])?["denied"] ?? 0 > 0, "\(target)")
        let examples = target["fault_examples"] as? [String] ?? []
        #expect(examples.contains { $0.contains("DSTUNE_MQTT_USERNAME") }, "\(examples)")
    }
}
