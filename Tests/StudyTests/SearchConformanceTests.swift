import Knobs
import Measure
import Study
import StudyFixtures
import Testing

/// What every search method promises; a new one is tested by standing in the list.
@Suite struct SearchConformanceTests {
    private static let methods = SearchMethods.all.map(\.name)

    private static func proposals(
        _ name: String, _ plan: StudyPlan
    ) throws -> [[Candidate]] {
        let method = try #require(SearchMethods.find(name))
        var plan = plan
        plan.method = name
        var history: [TrialRecord] = []
        return (1...plan.blocks).map { block in
            let candidates = method.propose(block: block, of: plan, after: history)
            for candidate in candidates {
                let number = history.count + 1
                let planned = PlannedTrial(
                    number: number, phase: .search, block: block, role: .candidate,
                    arm: candidate.arm, setting: candidate.setting)
                let value = Fixture.noisy(0.1, spread: 0.3, planned, seed: plan.seed)
                history.append(Fixture.record(planned, Fixture.result(number, durable: value)))
            }
            return candidates
        }
    }

    @Test(arguments: methods, 1...5 as ClosedRange<UInt64>)
    func proposesNewValidSettingsWithinTheArms(_ name: String, _ seed: UInt64) throws {
        let plan = Fixture.plan(blocks: 4, candidates: 6, seed: seed)
        let proposals = try Self.proposals(name, plan)
        let candidates = proposals.flatMap { $0 }
        #expect(proposals.allSatisfy { $0.count == 6 }, "seed \(seed)")
        #expect(Set(candidates.map(\.setting)).count == candidates.count, "seed \(seed)")
        for candidate in candidates {
            let setting = candidate.setting
            #expect(setting != plan.control)
            #expect(setting.violations.isEmpty, "seed \(seed): \(setting)")
            for knob in setting.differences(from: plan.control) {
                #expect(plan.knobs.contains(knob.id))
                #expect(knob.range.contains(setting[knob]))
            }
            if candidate.arm == .reachable { #expect(plan.reaches(setting)) }
        }
        // Both questions of the advice are worked on.
        #expect(Set(candidates.map(\.arm)).count == 2)
    }

    @Test(arguments: methods) func isAPureFunction(_ name: String) throws {
        let plan = Fixture.plan(blocks: 3)
        #expect(try Self.proposals(name, plan) == Self.proposals(name, plan))
    }

    @Test(arguments: methods) func withoutReachableKnobsAllIsOverall(_ name: String) throws {
        let candidates = try Self.proposals(name, Fixture.plan(reachable: [])).flatMap { $0 }
        #expect(candidates.count == 8)
        #expect(candidates.allSatisfy { $0.arm == .overall })
    }

    /// Four levels of one knob, one of which the control has: three candidates and no more.
    @Test(arguments: methods) func usedUpSpaceGivesFewerCandidates(_ name: String) throws {
        let plan = Fixture.plan(
            knobs: ["max_background_jobs"], reachable: [], blocks: 3, candidates: 2)
        let proposals = try Self.proposals(name, plan)
        #expect(proposals.flatMap { $0 }.count == 3)
        #expect(
            Set(proposals.flatMap { $0 }.map { $0.setting["max_background_jobs"] }) == [4, 6, 8])
    }

    /// A user's file may hold what RocksDB corrects; that must not leave a study without candidates.
    @Test(arguments: methods) func controlThatRocksDBCorrectsStillHasCandidates(_ name: String)
        throws
    {
        let control = Setting(["level0_file_num_compaction_trigger": 30])
        let plan = Fixture.plan(control: control)
        #expect(try Self.proposals(name, plan).flatMap { $0 }.count == 8)
    }
}

@Suite struct RandomDesignTests {
    /// Over 28 candidates of one knob with seven levels, each level comes up four times.
    @Test func levelsComeUpEquallyOften() {
        let knobs = [
            "write_buffer_size", "max_background_jobs", "local_write_buffer.flush_interval",
        ]
        let plan = Fixture.plan(knobs: knobs, reachable: [], blocks: 7, candidates: 4)
        let settings = (1...7).flatMap {
            RandomDesign().propose(block: $0, of: plan, after: []).map(\.setting)
        }
        for id in knobs {
            let levels = Knob.find(id)?.range.values ?? []
            let counts = levels.map { level in settings.filter { $0[id] == level }.count }
            let fair = 28 / Double(levels.count)
            // A known or an invalid combination is drawn anew, which shifts a count by one or two.
            #expect(counts.allSatisfy { abs(Double($0) - fair) <= 2.5 }, "\(id): \(counts)")
        }
    }
}
