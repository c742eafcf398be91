import Foundation
import Knobs
import Measure
import Study
import StudyFixtures
import TestSupport
import Testing

/// What a study's trials begin with: how much, when it is built, and that a study remembers it.
@Suite struct StartStateTests {
    private static let ageing = Ageing(
        messages: 5_000, span: .seconds(86_400), fill: 0.5, limit: .retention)

    /// One retention period of the recorded rate, at the trials' scale.
    @Test func retentionIsWorthADayOfTheTraffic() {
        let full = Ageing(rate: 100, each: 500, miniature: 1, free: 1 << 40)
        #expect(full.messages == 100 * 86_400)
        #expect(full.limit == .retention && full.fill == 0.5)
        #expect(full.span == .seconds(86_400))
        let small = Ageing(rate: 100, each: 500, miniature: 64, free: 1 << 40)
        #expect(small.messages == 100 * 86_400 / 64)
        #expect(small.fill > 0.499 && small.fill <= 0.5, "the generation shrinks as well")
    }

    @Test func theDiskAndTheRequestLimitIt() {
        let disk = Ageing(rate: 100, each: 500, miniature: 1, free: 1_000_000_000)
        #expect(disk.limit == .disk)
        #expect(disk.messages == 400_000, "a fifth of the free bytes at 500 each")
        #expect(disk.span.seconds < 86_400 / 10)
        let asked = Ageing(rate: 100, each: 500, miniature: 1, free: 1 << 40, asked: 50_000_000)
        #expect(asked.limit == .request && asked.messages == 100_000)
        let greedy = Ageing(
            rate: 100, each: 500, miniature: 1, free: 1_000_000_000, asked: 900_000_000)
        #expect(greedy.limit == .disk && greedy.messages == 400_000)
        let dense = Ageing(rate: 1, each: 500, miniature: 1, free: 1 << 50, asked: 1 << 40)
        #expect(dense.fill > 1 && dense.span == .seconds(2 * 86_400), "denser, never older")
    }

    /// A plan of a version without start states has begun with nothing. Fails if the field is required.
    @Test func anOlderPlanBeganEmpty() throws {
        let plan = Fixture.plan(start: .aged(Self.ageing))
        let json = try JSONEncoder().encode(plan)
        #expect(try JSONDecoder().decode(StudyPlan.self, from: json).start == .aged(Self.ageing))
        var fields = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
        #expect(fields.removeValue(forKey: "startState") != nil)
        let older = try JSONDecoder().decode(
            StudyPlan.self, from: JSONSerialization.data(withJSONObject: fields))
        #expect(older.start == .empty)
        #expect(older.start.path(shards: 16, in: StudyDirectory("/s")) == nil)
    }

    /// Publishers are placed by the number of shards, so each number has a state of its own.
    @Test func eachNumberOfShardsHasAStateOfItsOwn() {
        let directory = StudyDirectory("/s")
        let start = StartState.aged(Self.ageing)
        #expect(start.path(shards: 16, in: directory) == "/s/start/16-shards")
        #expect(start.path(shards: 4, in: directory) == "/s/start/4-shards")
    }

    /// Answers at once and keeps what it was asked.
    private actor Trials: TrialExecutor {
        private(set) var specs: [TrialSpec] = []

        func run(_ spec: TrialSpec) async throws(TrialInterruption) -> TrialResult {
            specs.append(spec)
            return Fixture.result(spec.number, durable: 0.1)
        }
    }

    private func spec(_ number: Int, shards: Int64, in directory: StudyDirectory) -> TrialSpec {
        TrialSpec(
            number: number, engine: "emqx-5.8-local", setting: Setting(["n_shards": shards]),
            captures: [], scale: Fixture.plan().scale, seed: Seed(1), directory: "/none",
            start: directory.start(shards: Int(shards)))
    }

    private func executor(
        _ trials: Trials, in directory: StudyDirectory, script: String
    ) -> AgeingExecutor {
        AgeingExecutor(
            trials, plan: Fixture.plan(start: .aged(Self.ageing)), directory: directory,
            executable: "/bin/sh", arguments: ["-c", script], announce: { _ in })
    }

    /// Once for each number of shards, before the first trial that has it: a process later, every byte is
    /// read again. Fails if it is built for each trial.
    @Test func aStateIsSeenToOnceForEachNumberOfShards() async throws {
        let scratch = ScratchDirectory()
        let directory = StudyDirectory(scratch.path)
        let orders = scratch("orders")
        let trials = Trials()
        let executor = executor(trials, in: directory, script: "cat >> '\(orders)'")
        for (number, shards) in [16, 16, 4, 16, 4].enumerated() {
            _ = try await executor.run(spec(number + 1, shards: Int64(shards), in: directory))
        }
        let lines = try String(contentsOfFile: orders, encoding: .utf8).split(separator: "\n")
        let asked = try lines.map {
            try JSONDecoder().decode(StartSpec.self, from: Data($0.utf8))
        }
        #expect(asked.map(\.directory) == [16, 4].map { directory.start(shards: $0) })
        #expect(asked.map { $0.setting["n_shards"] } == [16, 4])
        #expect(asked.allSatisfy { $0.ageing == Self.ageing })
        #expect(await trials.specs.count == 5)
    }

    /// Without a start state no trial can be run: the study ends with the builder's sentence.
    @Test func aStateThatCannotBeBuiltEndsTheStudy() async throws {
        let scratch = ScratchDirectory()
        let directory = StudyDirectory(scratch.path)
        let trials = Trials()
        let executor = executor(
            trials, in: directory,
            script: "cat > /dev/null; echo 'dstune: the disk is full' >&2; exit 3")
        await #expect(throws: TrialInterruption.environmentFailed("the disk is full")) {
            try await executor.run(spec(1, shards: 16, in: directory))
        }
        #expect(await trials.specs.isEmpty)
    }

    @Test func aTrialWithoutOneRunsAtOnce() async throws {
        let scratch = ScratchDirectory()
        let trials = Trials()
        let executor = executor(trials, in: StudyDirectory(scratch.path), script: "exit 3")
        var spec = spec(1, shards: 16, in: StudyDirectory(scratch.path))
        spec.start = nil
        _ = try await executor.run(spec)
        #expect(await trials.specs.count == 1)
    }
}
