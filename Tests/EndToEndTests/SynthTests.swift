import Foundation
import TestSupport
import Testing

/// `dstune synth` as a user calls it.
@Suite struct SynthTests {
    private let scratch = ScratchDirectory()

    private func fleet(_ name: String) -> String {
        Folder.package.appendingPathComponent("Profiles/fleets/\(name).conf").path
    }

    private func synth(_ arguments: String...) throws -> Command.Outcome {
        try Command.run(["synth"] + arguments, in: scratch.path)
    }

    private func json(_ text: String) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(text.utf8))
    }

    @Test func theCaptureHoldsWhatTheTruthSays() throws {
        let outcome = try synth(
            fleet("vehicles"), "--devices", "10", "--duration", "90s", "--seed", "5", "--output",
            "v.pcapng", "--truth", "truth.json", "--format", "json")
        #expect(outcome.code == 0, "\(outcome.errors)")
        let summary = try #require((try json(outcome.output) as? [[String: Any]])?.first)
        #expect(summary["seed"] as? Int == 5)
        #expect(summary["output"] as? String == "v.pcapng")
        #expect(summary["duration_s"] as? Double == 90)
        let truth = try #require(
            try json(String(contentsOfFile: scratch("truth.json"), encoding: .utf8))
                as? [String: Any])
        let packets = try #require(truth["packets"] as? [String: Int])
        #expect(summary["packets"] as? [String: Int] == packets)
        #expect((truth["pitfalls"] as? [String: [String: [String]]])?["no_will"] != nil)
        let inspected = try Command.run(
            ["inspect", "v.pcapng", "--format", "json"], in: scratch.path)
        let inspection = try #require(try json(inspected.output) as? [String: Any])
        #expect(inspection["packets"] as? [String: Int] == packets)
        for file in ["v.pcapng", "truth.json"] {
            let mode =
                try FileManager.default.attributesOfItem(atPath: scratch(file))[.posixPermissions]
                as? Int
            #expect(mode == 0o600, "\(file)")
        }
    }

    @Test func severalFleetsGoIntoADirectoryAndTheSeedIsPrinted() throws {
        try FileManager.default.createDirectory(
            atPath: scratch("made"), withIntermediateDirectories: true)
        let arguments = [
            "synth", fleet("air-quality"), fleet("vehicles"), "--devices", "3", "--duration",
            "20s", "--output", "made/", "--to", "pcapng",
        ]
        let outcome = try Command.run(arguments, in: scratch.path)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("seed 1"))
        let files = try FileManager.default.contentsOfDirectory(atPath: scratch("made")).sorted()
        #expect(files == ["air-quality.pcapng", "vehicles.pcapng"])
        let first = try Data(contentsOf: URL(fileURLWithPath: scratch("made/vehicles.pcapng")))
        _ = try Command.run(arguments, in: scratch.path)
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: scratch("made/vehicles.pcapng"))) == first)
    }

    @Test func withoutMoreATraceOfTheFleetsNameIsWrittenHere() throws {
        let outcome = try synth(fleet("air-quality"), "--devices", "4", "--duration", "30s")
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: scratch.path) == [
                "air-quality.dstrace"
            ])
        let inspected = try Command.run(["inspect", "air-quality.dstrace"], in: scratch.path)
        #expect(inspected.code == 0, "\(inspected.errors)")
        #expect(inspected.output.contains("  CONNECT         9\n"))
    }

    @Test func whatIsWrongIsNamedBeforeAnythingIsWritten() throws {
        try "name = x\ngroups { a { count = 1, client_id = \"a-{index}\", lots = 2 } }\n".write(
            toFile: scratch("bad.conf"), atomically: true, encoding: .utf8)
        let vehicles = fleet("vehicles")
        let cases: [([String], String)] = [
            (["bad.conf"], "bad.conf:2:"), (["missing.conf"], "missing.conf: cannot be read"),
            ([vehicles, "--duration", "soon"], "--duration wants"),
            ([vehicles, "--start", "now"], "--start wants"),
            ([vehicles, "--devices", "0"], "--devices wants"),
            ([vehicles, vehicles, "--output", "one.pcapng"], "name a directory"),
            ([vehicles, vehicles], "another fleet that is named vehicles"),
            ([vehicles, "bad.conf"], "bad.conf:2:"),
        ]
        for (arguments, sentence) in cases {
            let outcome = try Command.run(["synth"] + arguments, in: scratch.path)
            #expect(outcome.code == 2, "\(arguments)")
            #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["bad.conf"])
        let outcome = try synth(vehicles, "--duration", "5s", "--output", "/nowhere/x.pcapng")
        #expect(outcome.code == 3)
        #expect(outcome.errors.contains("/nowhere/x.pcapng: cannot be written"))
    }

    @Test func anInterruptionLeavesNoFile() async throws {
        let process = try Command.start(
            ["synth", fleet("air-quality"), "--duration", "24h", "--output", "long.pcapng"],
            in: scratch.path)
        // Until it has begun to write.
        while try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty {
            try #require(process.isRunning)
            try await Task.sleep(for: .milliseconds(20))
        }
        kill(process.processIdentifier, SIGINT)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        #expect(process.terminationStatus == 130)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == [])
    }

    @Test func helpHasExamples() throws {
        let outcome = try synth("--help")
        #expect(outcome.code == 0)
        #expect(outcome.output.contains("dstune synth Profiles/fleets/air-quality.conf"))
    }
}
