import Foundation
import Knobs
import Measure
import Study
import StudyFixtures
import Synchronization
import TestSupport
import Testing

/// Answers from a formula, and can be told to stop the study at a trial.
private final class FormulaExecutor: TrialExecutor {
    private let interruption: (at: Int, error: TrialInterruption)?
    private let failing: Set<Int>
    private let runs = Mutex<[Int]>([])
    private let heard = Mutex<[String?]>([])

    init(interruption: (at: Int, error: TrialInterruption)? = nil, failing: Set<Int> = []) {
        self.interruption = interruption
        self.failing = failing
    }

    var ran: [Int] { runs.withLock { $0 } }
    /// Of each trial, in order.
    var keyLogs: [String?] { heard.withLock { $0 } }

    func run(_ spec: TrialSpec) async throws(TrialInterruption) -> TrialResult {
        runs.withLock { $0.append(spec.number) }
        heard.withLock { $0.append(spec.tlsKeyLog) }
        if let interruption, interruption.at == spec.number { throw interruption.error }
        let attempt = runs.withLock { $0.filter { $0 == spec.number }.count }
        if failing.contains(spec.number), attempt == 1 {
            return TrialResult(
                number: spec.number, ending: .failed("killed by signal 6"), started: 0, ended: 1)
        }
        return Fixture.result(spec.number, durable: 0.1 + 0.001 * Double(spec.number))
    }
}

@Suite struct RunnerTests {
    private let scratch = ScratchDirectory()
    private var directory: StudyDirectory { StudyDirectory(scratch.path + "/study") }

    @Test func stoppedStudyGoesOnWhereItWas() async throws {
        let first = FormulaExecutor(interruption: (6, .cancelled))
        do {
            let store = try StudyStore.create(directory, plan: Fixture.plan())
            await #expect(throws: StudyRunError.cancelled) {
                try await StudyRunner(store: store, executor: first).run { _ in }
            }
        }
        #expect(first.ran == Array(1...6))
        let second = FormulaExecutor()
        let store = try StudyStore.open(directory, for: .running)
        let records = try await StudyRunner(store: store, executor: second).run { _ in }
        #expect(second.ran == Array(6...records.count))
        #expect(try store.records().map(\.number) == Array(1...records.count))
    }

    /// A trial reads the captures again, in a process of its own.
    @Test func everyTrialGetsTheKeyLogOfTheSweep() async throws {
        let ageing = Ageing(
            messages: 5_000, span: .seconds(86_400), fill: 0.5, limit: .retention)
        var plan = Fixture.plan(start: .aged(ageing))
        #expect(plan.tlsKeyLog == nil)
        plan.tlsKeyLog = "/keys.log"
        #expect(
            StartSpec(plan, ageing, shards: 2, in: directory).tlsKeyLog
                == "/keys.log")
        let executor = FormulaExecutor(interruption: (2, .cancelled))
        do {
            let store = try StudyStore.create(directory, plan: plan)
            _ = try? await StudyRunner(store: store, executor: executor).run { _ in }
        }
        let again = FormulaExecutor(interruption: (3, .cancelled))
        let store = try StudyStore.open(directory, for: .running)
        _ = try? await StudyRunner(store: store, executor: again).run { _ in }
        #expect(executor.keyLogs == ["/keys.log", "/keys.log"])
        #expect(again.keyLogs.allSatisfy { $0 == "/keys.log" } && !again.keyLogs.isEmpty)
    }

    @Test func machineThatFailsATrialEndsTheStudyWithARemedy() async throws {
        let store = try StudyStore.create(directory, plan: Fixture.plan())
        let executor = FormulaExecutor(interruption: (3, .environmentFailed("/data: disk full")))
        let error = await #expect(throws: StudyRunError.self) {
            try await StudyRunner(store: store, executor: executor).run { _ in }
        }
        #expect(error == .environment("/data: disk full", directory.path))
        #expect(error?.exitCode == 3)
        #expect("\(error, default: "")".contains("dstune resume"))
        #expect(try store.records().count == 2)
    }

    @Test func firstFailureOfARepeatedTrialIsRemembered() async throws {
        let store = try StudyStore.create(directory, plan: Fixture.plan())
        let executor = FormulaExecutor(failing: [2])
        let events = Mutex<[StudyProgress]>([])
        let records = try await StudyRunner(store: store, executor: executor).run { progress in
            events.withLock { $0.append(progress) }
        }
        #expect(records[1].attempts == 2)
        #expect(records[1].result.remarks == ["attempt 1 failed: killed by signal 6"])
        #expect(executor.ran.filter { $0 == 2 }.count == 2)
        let failed = events.withLock { $0 }.filter { $0.event == .failed }.map(\.trial)
        #expect(failed == [2])
    }

    @Test func trialsOfABlockShareTheirSeedAndBlocksDoNot() async throws {
        let store = try StudyStore.create(directory, plan: Fixture.plan())
        let records = try await StudyRunner(store: store, executor: FormulaExecutor()).run { _ in }
        let blocks = Dictionary(grouping: records) { "\($0.planned.phase) \($0.planned.block)" }
        for (block, trials) in blocks {
            #expect(Set(trials.map(\.spec.seed)).count == 1, "\(block)")
        }
        #expect(Set(records.map(\.spec.seed)).count == blocks.count)
    }

    @Test func trialsThatThisVersionWouldNotHavePlannedAreNotMixed() async throws {
        let store = try StudyStore.create(directory, plan: Fixture.plan())
        let planned = PlannedTrial(
            number: 1, phase: .search, block: 1, role: .candidate, arm: .overall,
            setting: Setting(["n_shards": 4]))
        try store.finish(Fixture.record(planned, Fixture.result(1, durable: 1)))
        await #expect(throws: StudyRunError.otherSchedule(trial: 1, directory: directory.path)) {
            try await StudyRunner(store: store, executor: FormulaExecutor()).run { _ in }
        }
    }

    @Test func estimatedEndCountsTheTrialsThatAreLeft() async throws {
        let store = try StudyStore.create(directory, plan: Fixture.plan())
        let events = Mutex<[StudyProgress]>([])
        // Every trial of the fixture says that it took twelve seconds.
        try await StudyRunner(store: store, executor: FormulaExecutor(), now: { 5_000_000 })
            .run { progress in events.withLock { $0.append(progress) } }
        let all = events.withLock { $0 }.filter { $0.event != .waiting }
        let third = try #require(all.first { $0.trial == 3 && $0.event == .finished })
        #expect(third.estimatedEnd == 5_000_000 + UInt64(third.total - 3) * 12_000)
        #expect(all.last?.estimatedEnd == 5_000_000)
        #expect(all.last?.trial == all.last?.total)
    }
}

@Suite struct ProgressTests {
    private static let progress = StudyProgress(
        event: .started, trial: 7, total: 25, phase: .search, block: 2, elapsed: 92_000,
        estimatedEnd: 1_700_000_460_000, best: StudyProgress.Best(trial: 4, ratio: 0.877))

    @Test func lineSaysWhereTheStudyIs() {
        #expect(
            Self.progress.line(secondsFromGMT: 3_600)
                == "trial 7/25 · search block 2 · 01:32 elapsed · ends about 23:21 · "
                + "best so far −12.3 % (trial 4)")
    }

    @Test func terminalLineIsRewrittenAndALogGetsOneLineAnEvent() {
        for (isTerminal, events, expected) in [
            (
                true, [StudyProgress.Event.started, .waiting, .failed],
                ["\r\u{1B}[2K", "\r\u{1B}[2K", "\r\u{1B}[2K", "\n"]
            ),
            (false, [.started, .waiting, .failed], ["trial", "trial"]),
        ] {
            let written = Mutex<[String]>([])
            let display = ProgressDisplay(isTerminal: isTerminal, secondsFromGMT: 0) { text in
                written.withLock { $0.append(text) }
            }
            for event in events {
                let now = Self.progress
                display.show(
                    StudyProgress(
                        event: event, trial: now.trial, total: now.total, phase: now.phase,
                        block: now.block, elapsed: now.elapsed, estimatedEnd: now.estimatedEnd,
                        best: nil))
            }
            let lines = written.withLock { $0 }
            #expect(lines.count == expected.count)
            for (line, start) in zip(lines, expected) { #expect(line.hasPrefix(start)) }
            #expect(lines.allSatisfy { isTerminal || $0.hasSuffix("\n") })
        }
    }
}
