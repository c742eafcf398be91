import Foundation
import Glibc
import Knobs
import Measure
import Study
import StudyFixtures
import TestSupport
import Testing

/// Children are shell scripts here: the promises are about processes, not about trials.
@Suite struct ProcessExecutorTests {
    private let scratch = ScratchDirectory()

    private func spec(_ number: Int = 1) -> TrialSpec {
        let instant = Scale(
            speed: 1, miniature: 1, warmUp: .zero, window: .milliseconds(1), cyclesNeeded: 0)
        return TrialSpec(
            number: number, engine: "e", setting: Setting(), captures: [], scale: instant,
            seed: Seed(1), directory: scratch.path + "/trials/\(number)")
    }

    private func executor(_ script: String, bound: Nanoseconds = .seconds(30)) -> ProcessExecutor {
        ProcessExecutor(executable: "/bin/sh", arguments: ["-c", script], bound: bound)
    }

    /// A script that answers for trial 1, after `before`.
    private func answering(_ before: String) throws -> String {
        let answer = try JSONEncoder().encode(Fixture.result(1, durable: 0.25))
        return
            "\(before)\ncat > /dev/null\ncat <<'ANSWER'\n\(String(decoding: answer, as: UTF8.self))\nANSWER"
    }

    @Test func answerComesBackAndOnlyTheEvidenceStays() async throws {
        let spec = spec()
        let directory = spec.directory
        let script = try answering(
            "cd '\(directory)'; mkdir data; echo x > data/000001.log; echo y > samples.tsv; "
                + "echo z > events.tsv; echo words >&2")
        let result = try await executor(script).run(spec)
        #expect(result.ending == .finished)
        #expect(result.values[Metric.objective] == 0.25)
        let left = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        #expect(left == ["events.tsv", "result.json", "samples.tsv", "spec.json", "trial.log"])
    }

    @Test func childReadsTheWholeSpec() async throws {
        var spec = spec()
        spec.captures = (0..<5_000).map { "/captures/\($0)" + String(repeating: "x", count: 100) }
        let copy = scratch.path + "/copy.json"
        _ = try await executor("cat > '\(copy)'").run(spec)
        let data = try #require(FileManager.default.contents(atPath: copy))
        let read = try JSONDecoder().decode(TrialSpec.self, from: data)
        #expect(read.captures == spec.captures)
    }

    @Test func directoryOfAnEarlierAttemptIsEmptied() async throws {
        let spec = spec()
        try FileManager.default.createDirectory(
            atPath: spec.directory, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: spec.directory + "/samples.tsv"))
        let result = try await executor("ls '\(spec.directory)' | grep samples >&2; exit 1").run(
            spec)
        #expect(result.ending == .failed("ended with exit code 1"))
    }

    @Test(arguments: [
        ("echo out of luck >&2; exit 9", "ended with exit code 9: out of luck"),
        ("kill -11 $$", "killed by signal 11"), ("echo '{}'", "it ended without an answer"),
        ("true", "it ended without an answer"),
    ])
    func deathIsAResultThatSaysHow(_ script: String, _ sentence: String) async throws {
        let result = try await executor(script).run(spec())
        #expect(result.ending == .failed(sentence))
        #expect(result.ended >= result.started)
    }

    @Test func answerOfAnotherTrialIsNoAnswer() async throws {
        let result = try await executor(try answering("true")).run(spec(2))
        #expect(result.ending == .failed("it ended without an answer"))
    }

    @Test func exitCodeThreeEndsTheStudy() async {
        await #expect(throws: TrialInterruption.environmentFailed("/data: disk full")) {
            try await executor("echo /data: disk full >&2; exit 3").run(spec())
        }
    }

    @Test func trialThatNeverEndsIsStopped() async throws {
        let pid = scratch.path + "/pid"
        let script = "echo $$ > '\(pid)'; exec sleep 1000"
        let result = try await executor(script, bound: .seconds(3)).run(spec())
        guard case .failed(let sentence) = result.ending else {
            Issue.record("it finished")
            return
        }
        #expect(sentence.hasPrefix("no answer within"))
        #expect(try isGone(pid))
    }

    @Test func cancellationLeavesNoProcess() async throws {
        let pid = scratch.path + "/pid"
        let script = "echo $$ > '\(pid)'; exec sleep 1000"
        let executor = executor(script)
        let spec = spec()
        let task = Task { try await executor.run(spec) }
        while FileManager.default.contents(atPath: pid)?.last != UInt8(ascii: "\n") {
            try await Task.sleep(for: .milliseconds(20))
        }
        task.cancel()
        let ending = await task.result
        #expect(throws: TrialInterruption.cancelled) { try ending.get() }
        #expect(try isGone(pid))
    }

    @Test func programThatCannotBeStartedEndsTheStudy() async {
        let executor = ProcessExecutor(
            executable: "/nowhere/dstune", arguments: [], bound: .seconds(1))
        let error = await #expect(throws: TrialInterruption.self) { try await executor.run(spec()) }
        #expect("\(error, default: "")".hasPrefix("trial 1 could not be started"))
    }

    private func isGone(_ file: String) throws -> Bool {
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let pid = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        return kill(pid, 0) == -1 && errno == ESRCH
    }
}
