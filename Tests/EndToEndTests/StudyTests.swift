import Foundation
import TestSupport
import Testing

/// A whole study with the real executable: small, and in a debug build, so nothing here looks at times.
@Suite(.serialized) struct StudyTests {
    static let arguments = [
        "sweep", Folder.capture, "--emqx", "5.8", "--edition", "ce", "--study", "study",
        "--blocks", "1", "--candidates", "2", "--confirmations", "3", "--warm-up", "0.3",
        "--window", "1.5", "--speed", "40",
    ]

    @Test func aKilledStudyGoesOnWithEveryFinishedTrial() throws {
        let scratch = ScratchDirectory()
        let process = try Command.start(Self.arguments, in: scratch.path)
        // The third trial has begun: two are in the store.
        #expect(wait(upTo: 120) { exists(scratch("study/trials/3/trial.log")) })
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        // The trial that ran ends with its study.
        #expect(wait(upTo: 20) { !isRun(by: "trial --parent \(process.processIdentifier)") })
        let answers = try (1...2).map { number in
            try Data(
                contentsOf: URL(fileURLWithPath: scratch("study/trials/\(number)/result.json")))
        }

        let resumed = try Command.run(["resume", "study"], in: scratch.path)
        #expect(resumed.code == 0, "\(resumed.errors)")
        for (number, answer) in zip(1...2, answers) {
            let now = try Data(
                contentsOf: URL(fileURLWithPath: scratch("study/trials/\(number)/result.json")))
            #expect(now == answer, "trial \(number) was measured again")
        }
        try expectFiles(in: scratch("study"))
        try aStudyIsNotMixedWithAnotherCapture(scratch)
        try withoutAPlotProgramTheResultsStay(scratch)
        try whatTheStudyWroteIsReadBack(scratch)
    }

    private func expectFiles(in study: String) throws {
        for name in ["report.md", "emqx.conf", "emqx-style.conf", "rollback.conf", "results.json"] {
            let text = try String(contentsOfFile: study + "/" + name, encoding: .utf8)
            #expect(!text.isEmpty, "\(name)")
        }
        let plots = try FileManager.default.contentsOfDirectory(atPath: study + "/plots")
            .filter { $0.hasSuffix(".svg") }
        // No knob is plotted where no trial ranked, which is so when they are as short as these.
        #expect(plots.count >= 2)
        let report = try String(contentsOfFile: study + "/report.md", encoding: .utf8)
        for plot in plots { #expect(report.contains("plots/" + plot)) }
        // A study that is not quick begins with an aged database, built once.
        #expect(report.contains("A clone of one aged database"))
        let results = try #require(
            JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(fileURLWithPath: study + "/results.json")))
                as? [String: Any])
        let asked = try #require(results["study"] as? [String: Any])
        let states = try #require(asked["start_states"] as? [[String: Any]])
        #expect(states.contains { $0["shards"] as? Int == 16 })
        for state in states {
            let digest = try #require(state["sha256"] as? String)
            #expect(report.contains(digest.prefix(16)))
        }
        let style = try String(contentsOfFile: study + "/emqx-style.conf", encoding: .utf8)
        #expect(style.contains("5.8"), "the header names who refuses it")
        // Captures are people's data: nobody else reads what was made of them.
        let mode =
            try FileManager.default.attributesOfItem(atPath: study + "/report.md")[
                .posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    private func aStudyIsNotMixedWithAnotherCapture(_ scratch: ScratchDirectory) throws {
        let copy = scratch("other.pcap.gz")
        // The same frames in another file: one gzip member more, which holds nothing.
        let nothing: [UInt8] = [
            0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ]
        try (Data(contentsOf: URL(fileURLWithPath: Folder.capture)) + Data(nothing)).write(
            to: URL(fileURLWithPath: copy))
        var arguments = Self.arguments
        arguments[1] = copy
        let outcome = try Command.run(arguments, in: scratch.path)
        #expect(outcome.code == 2)
        #expect(outcome.errors.contains("belongs to"), "\(outcome.errors)")
    }

    private func withoutAPlotProgramTheResultsStay(_ scratch: ScratchDirectory) throws {
        let outcome = try Command.run(
            ["report", "study"], in: scratch.path, environment: ["PATH": scratch.path])
        #expect(outcome.code == 3)
        #expect(outcome.complaints.count == 1, "\(outcome.errors)")
        #expect(outcome.errors.contains("gnuplot"))
        #expect(exists(scratch("study/results.json")))
    }

    private func whatTheStudyWroteIsReadBack(_ scratch: ScratchDirectory) throws {
        var arguments = Self.arguments
        arguments[arguments.firstIndex(of: "study")!] = "again"
        // A study that is refused before its first trial: only the configuration is read.
        let outcome = try Command.run(
            arguments + ["--config", "study/emqx-style.conf", "--confirmations", "1"],
            in: scratch.path)
        #expect(outcome.code == 2)
        #expect(outcome.errors.contains("confirmation rounds"), "\(outcome.errors)")
    }

    @Test func aSecondProcessMayNotRunTheSameStudy() throws {
        let scratch = ScratchDirectory()
        let first = try Command.start(Self.arguments, in: scratch.path)
        defer {
            kill(first.processIdentifier, SIGKILL)
            first.waitUntilExit()
        }
        #expect(wait(upTo: 60) { exists(scratch("study/trials/1/trial.log")) })
        let second = try Command.run(["resume", "study"], in: scratch.path)
        #expect(second.code == 3)
        #expect(second.errors.contains("being run"), "\(second.errors)")
    }

    @Test func ctrlCStopsInOrder() throws {
        let scratch = ScratchDirectory()
        let errors = scratch("errors")
        try Data().write(to: URL(fileURLWithPath: errors))
        let process = try Command.start(
            Self.arguments, in: scratch.path,
            errors: FileHandle(forWritingTo: URL(fileURLWithPath: errors)))
        #expect(wait(upTo: 60) { exists(scratch("study/trials/1/trial.log")) })
        kill(process.processIdentifier, SIGINT)
        process.waitUntilExit()
        #expect(process.terminationStatus == 130)
        let text = try String(contentsOfFile: errors, encoding: .utf8)
        #expect(text.contains("dstune resume"), "\(text)")
        #expect(!isRun(by: "trial --parent \(process.processIdentifier)"))
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    private func wait(upTo seconds: Double, until condition: () -> Bool) -> Bool {
        let end = Date().addingTimeInterval(seconds)
        while Date() < end {
            if condition() { return true }
            Thread.sleep(forTimeInterval: 0.05)
        }
        return condition()
    }

    /// Whether a process with these words in its command line is there.
    private func isRun(by words: String) -> Bool {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.contains { process in
            guard process.allSatisfy(\.isNumber),
                let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline")
            else { return false }
            return String(decoding: line, as: UTF8.self)
                .replacingOccurrences(of: "\0", with: " ").contains(words)
        }
    }
}
