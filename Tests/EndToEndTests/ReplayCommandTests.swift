import Foundation
import TestSupport
import Testing

/// `dstune replay` as a user runs it; in a debug build, so nothing here looks at times.
@Suite(.serialized) struct ReplayCommandTests {
    /// What `../shared/captures/README.md` counts on the wire of fleet-60, client to broker.
    private static let onTheWire = ["qos0": 1_126, "qos1": 323, "qos2": 592]

    private static func objects(_ output: String) throws -> [[String: Any]] {
        try output.split(separator: "\n").map { line in
            try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    private static func summary(_ output: String) throws -> [String: Any] {
        let last = try #require(try objects(output).last)
        return try #require(last["summary"] as? [String: Any], "\(last.keys)")
    }

    @Test func onePassSendsWhatWasOnTheWire() throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(
            ["replay", Folder.capture, "--speed", "15", "--format", "json"], in: scratch.path)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let summary = try Self.summary(outcome.output)
        #expect(summary["sent"] as? [String: Int] == Self.onTheWire)
        let acknowledged = try #require(summary["acknowledged"] as? [String: Int])
        #expect(acknowledged == ["qos0": 0, "qos1": 323, "qos2": 592])
        #expect(summary["stored"] as? Int ?? 0 > 0)
        #expect(summary["engine"] as? String == "emqx-5.8-local")
        #expect(summary["ack_mode"] as? String == "on_enqueue")
        #expect(summary["speed"] as? Double == 15)
        // The scratch store is gone.
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }

    /// Scripts read them: a renamed key fails here.
    @Test func theKeysAreThose() throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(
            [
                "replay", Folder.capture, "--speed", "30", "--duration", "2500ms",
                "--acknowledge", "on_commit", "--format", "json",
            ], in: scratch.path)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let objects = try Self.objects(outcome.output)
        // One object a second, and the summary.
        #expect(objects.count >= 3)
        for second in objects.dropLast() {
            #expect(
                Set(second.keys) == [
                    "seconds", "sent_per_s", "acknowledged_per_s", "delivered_per_s",
                    "puback_p99_us", "durable_p99_us", "lag_p99_us", "backlog", "l0_files",
                    "stall_ms", "stalled_shards",
                ])
        }
        let summary = try Self.summary(outcome.output)
        for key in [
            "sent", "acknowledged", "delivered", "puback_us", "durable_us", "generator_lag_us",
            "buffer_depth_max", "stored", "bound", "speed", "wall_seconds", "ack_mode", "engine",
        ] { #expect(summary[key] != nil && !(summary[key] is NSNull), "\(key)") }
        let puback = try #require(summary["puback_us"] as? [String: Any])
        for key in ["p50", "p99", "p999", "p9999", "max"] {
            #expect(puback[key] is Double || puback[key] is Int, "\(key)")
        }
        let bound = try #require(summary["bound"] as? String)
        #expect(["generator", "subscriber", "session", "disk"].contains(bound))
        #expect(summary["ack_mode"] as? String == "on_commit, sync none")
        // Such publishers wait for a batch, which is not the session layer's doing.
        let split = try #require(summary["acknowledgement_split"] as? [String: Any])
        let all = try #require(split["all"] as? [String: Any])
        let culprits = try #require(all["culprits"] as? [String: Int])
        #expect((culprits["batch_wait"] ?? 0) > 0, "\(culprits)")
    }

    @Test func theTextIsForPeople() throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(
            ["replay", Folder.capture, "--speed", "20"], in: scratch.path)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("intended → puback"))
        #expect(outcome.output.contains("-bound"))
        // No terminal: lines, and nothing that a terminal takes for commands.
        #expect(outcome.errors.contains("sent "))
        #expect(!(outcome.output + outcome.errors).contains("\u{1B}"))
        #expect(!outcome.errors.contains("\r"))
    }

    @Test func ctrlCEndsItWithWhatWasSeen() throws {
        let scratch = ScratchDirectory()
        let path = scratch("out")
        try Data().write(to: URL(fileURLWithPath: path))
        let process = try Command.start(
            ["replay", Folder.capture, "--duration", "1h", "--format", "json"], in: scratch.path,
            output: FileHandle(forWritingTo: URL(fileURLWithPath: path)))
        #expect(
            wait(upTo: 60) {
                (try? String(contentsOfFile: path, encoding: .utf8).contains("\"seconds\":2"))
                    == true
            })
        kill(process.processIdentifier, SIGINT)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 130)
        let summary = try Self.summary(try String(contentsOfFile: path, encoding: .utf8))
        #expect(summary["stopped"] as? String == "interrupted")
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["out"])
    }

    @Test(arguments: [
        (["--speed", "0"], "--speed"), (["--speed", "fast"], "speed"),
        (["--duration", "10"], "duration"), (["--engine", "emqx-1"], "emqx-1"),
        (["--sync", "sometimes"], "sync"), (["--acknowledge", "never"], "acknowledge"),
    ]) func badUsageIsSaidInOneSentence(_ arguments: [String], _ word: String) throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(
            ["replay", Folder.capture] + arguments, in: scratch.path)
        #expect(outcome.code == 2, "\(outcome.errors)")
        #expect(outcome.errors.contains(word), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }

    @Test func whatIsNoCaptureIsBadInput() throws {
        let scratch = ScratchDirectory()
        try Data("not a capture".utf8).write(to: URL(fileURLWithPath: scratch("notes.txt")))
        let outcome = try Command.run(["replay", scratch("notes.txt")], in: scratch.path)
        #expect(outcome.code == 2, "\(outcome.errors)")
        #expect(outcome.errors.contains("notes.txt"))
    }

    private func wait(upTo seconds: Double, until condition: () -> Bool) -> Bool {
        let end = Date.now.addingTimeInterval(seconds)
        while !condition() {
            guard Date.now < end else { return false }
            usleep(50_000)
        }
        return true
    }

    /// What cannot be done with a recording is refused before anything is sent, with the remedy.
    @Test func aPartBehindTheEndIsBadInput() throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(
            ["replay", Folder.capture, "--window", "10m..20m"], in: scratch.path)
        #expect(outcome.code == 2)
        #expect(outcome.errors.contains("name an earlier one"), "\(outcome.errors)")
    }

    /// A run of a recording that does not hold everything says so.
    @Test func whatTheRecordingDoesNotHoldIsSaid() throws {
        let scratch = ScratchDirectory()
        let line =
            #"{"time":1767225600.25,"client":"a","type":"PUBLISH","topic":"t","qos":1}"#
            + "\n"
            + #"{"time":1767232800.25,"client":"a","type":"PUBLISH","topic":"t","qos":1}"#
        try Data((line + "\n").utf8).write(to: URL(fileURLWithPath: scratch("log.jsonl")))
        let outcome = try Command.run(
            ["replay", scratch("log.jsonl"), "--speed", "7200", "--format", "json"],
            in: scratch.path)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let caveats = try Self.summary(outcome.output)["caveats"] as? [String] ?? []
        #expect(caveats.contains { $0.contains("nothing happens for 7200 s") }, "\(caveats)")
    }
}
