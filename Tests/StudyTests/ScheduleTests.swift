import Knobs
import Measure
import Study
import StudyFixtures
import Testing

@Suite struct ScheduleTests {
    private static func answer(_ seed: UInt64) -> (PlannedTrial) -> TrialResult {
        { planned in
            Fixture.result(
                planned.number, durable: Fixture.noisy(0.1, spread: 0.2, planned, seed: seed))
        }
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func everyBlockAndRoundHasOneControl(_ seed: UInt64) {
        let plan = Fixture.plan(seed: seed)
        let trials = Fixture.run(plan, answer: Self.answer(seed)).map(\.planned)
        for (phase, blocks) in [
            (Phase.search, plan.blocks), (.confirmation, plan.confirmationRounds),
        ] {
            for block in 1...blocks {
                let inBlock = trials.filter { $0.phase == phase && $0.block == block }
                let controls = inBlock.filter { $0.role == .control }
                #expect(controls.count == 1, "seed \(seed), \(phase) \(block)")
                #expect(controls.first?.setting == plan.control)
            }
        }
        #expect(trials.map(\.number) == Array(1...trials.count))
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func resumedAfterAnyPrefixItGoesOnTheSame(_ seed: UInt64) throws {
        let plan = Fixture.plan(rounds: 3, seed: seed)
        let whole = Fixture.run(plan, answer: Self.answer(seed))
        for kept in 0...whole.count {
            let prefix = Array(whole.prefix(kept))
            let next = try StudySchedule(plan).next(after: prefix)
            #expect(
                next == (kept < whole.count ? whole[kept].planned : nil), "seed \(seed), \(kept)")
            let resumed = Fixture.run(plan, after: prefix, answer: Self.answer(seed))
            #expect(resumed.map(\.planned) == whole.map(\.planned), "seed \(seed), \(kept)")
        }
    }

    @Test func otherSeedsGiveOtherStudies() {
        let settings = (1...10 as ClosedRange<UInt64>).map { seed in
            Fixture.run(Fixture.plan(seed: seed), answer: Self.answer(1)).map(\.planned.setting)
        }
        #expect(Set(settings).count == settings.count)
    }

    /// A control that always ran first would be the one with cold caches.
    @Test func theControlHasNoFixedPlaceInItsBlock() {
        let plan = Fixture.plan(blocks: 12, candidates: 3)
        let trials = Fixture.run(plan, answer: Self.answer(3)).map(\.planned)
        let places = (1...12).compactMap { block in
            trials.filter { $0.phase == .search && $0.block == block }
                .firstIndex { $0.role == .control }
        }
        #expect(Set(places).count == 4)
    }

    @Test func deadTrialIsTriedOnceMoreAndThenTheStudyGoesOn() {
        let plan = Fixture.plan()
        let records = Fixture.run(plan) { planned in
            guard planned.number == 3 else {
                return Fixture.result(planned.number, durable: 0.1 + Double(planned.number) * 1e-3)
            }
            return TrialResult(
                number: 3, ending: .failed("killed by signal 11"), started: 0, ended: 1)
        }
        let dead = records.first { $0.number == 3 }
        #expect(dead?.attempts == 2)
        #expect(records.filter { $0.number != 3 }.allSatisfy { $0.attempts == 1 })
        #expect(records.last?.planned.phase == .confirmation)
    }

    @Test func candidateWithoutARankedControlHasNoScore() {
        let plan = Fixture.plan()
        let records = Fixture.run(plan) { planned in
            var result = Fixture.result(
                planned.number, durable: 0.1 + Double(planned.number) * 1e-3)
            if planned.role == .control, planned.block == 1, planned.phase == .search {
                result.caveats = [.tooFewCycles(count: 3, needed: 20)]
            }
            return result
        }
        let scored = records.scores().compactMap { score in
            records.first { $0.number == score.trial }?.planned.block
        }
        #expect(Set(scored) == [2])
        #expect(scored.count == plan.candidatesPerBlock)
    }

    @Test func whatIsBestOfAllAndReachableIsMeasuredOnceARound() {
        let plan = Fixture.plan(reachable: Fixture.searched)
        let records = Fixture.run(plan, answer: Self.answer(5))
        for round in 1...plan.confirmationRounds {
            #expect(records.inBlock(round, of: .confirmation).count == 2)
        }
    }

    @Test func totalIsTheCountOnceTheFinalistsAreKnown() throws {
        let plan = Fixture.plan()
        let records = Fixture.run(plan, answer: Self.answer(2))
        let schedule = try StudySchedule(plan)
        #expect(schedule.total(after: records) == records.count)
        #expect(schedule.total(after: []) == 2 * 5 + 5 * 3)
        #expect(schedule.total(after: Array(records.prefix(7))) == 2 * 5 + 5 * 3)
    }

    @Test func nothingRankedMeansNothingToConfirm() {
        let records = Fixture.run(Fixture.plan()) { planned in
            var result = Fixture.result(planned.number, durable: 0.1)
            result.caveats = [.generatorBound(lagP99: .seconds(1), limit: .milliseconds(5))]
            return result
        }
        #expect(records.allSatisfy { $0.planned.phase == .search })
        #expect(records.count == 10)
    }

    @Test func planThatCannotBeCarriedOutIsRefused() {
        func plan(knobs: [String], rounds: Int = 3, captures: [CaptureIdentity] = [Fixture.capture])
            throws(PlanError) -> StudyPlan
        {
            try StudyPlan(
                captures: captures, engine: "e", emqx: "5.8", edition: nil, control: Setting(),
                knobs: knobs, reachable: [], newDatabase: false, blocks: 1, candidatesPerBlock: 1,
                confirmationRounds: rounds, scale: Fixture.plan().scale, seed: 1, command: "",
                environment: Fixture.environment, traffic: Fixture.traffic)
        }
        #expect(throws: PlanError.noKnobs) { try plan(knobs: []) }
        #expect(throws: PlanError.unknownKnob("blob_files")) { try plan(knobs: ["blob_files"]) }
        #expect(throws: PlanError.noCapture) { try plan(knobs: ["n_shards"], captures: []) }
        #expect(throws: PlanError.outOfRange("confirmation rounds", "2", "3 to 10000")) {
            try plan(knobs: ["n_shards"], rounds: 2)
        }
    }
}
