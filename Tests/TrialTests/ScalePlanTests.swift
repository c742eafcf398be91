import Knobs
import Layout
import Measure
import Study
import TestSupport
import Testing
import Traffic
import Trial

@Suite struct ScalePlanTests {
    private func recorded() throws -> ScalePlan.Recorded {
        ScalePlan.record(try Trace.load(captures: [Folder.capture]).trace, shards: 16, RowFormat())
    }

    /// 2041 PUBLISHes of clients and the wills of those whose connection broke.
    @Test func onePassIsCountedExactly() throws {
        let recorded = try recorded()
        #expect(recorded.messages >= 2_041)
        #expect(recorded.messages < 2_041 + 99)
        #expect(recorded.puts > recorded.messages)
        #expect(recorded.memtableBytes > recorded.valueBytes)
    }

    /// Whatever the length of a trial, what is searched can be certified and the control is kept.
    @Test(arguments: [2.0, 8, 30, 240]) func whatIsSearchedFitsTheWindow(_ seconds: Double) throws {
        let plan = ScalePlan(
            try recorded(), control: Setting(), knobs: Knob.catalogue, warmUp: .seconds(1),
            window: .seconds(seconds))
        let control = Setting()
        let memtables = try #require(plan.levels["write_buffer_size"])
        let triggers = try #require(plan.levels["level0_file_num_compaction_trigger"])
        #expect(memtables.contains(control["write_buffer_size"]))
        #expect(triggers.contains(control["level0_file_num_compaction_trigger"]))
        for memtable in memtables {
            #expect(memtable / Int64(plan.scale.miniature) >= ScalePlan.smallestMemtable)
        }
        for (knob, values) in plan.leftOut {
            let kept = try #require(plan.levels[knob.id])
            #expect(values.allSatisfy { !kept.contains($0) })
            #expect(Set(values + kept).isSuperset(of: knob.range.values))
        }
    }

    @Test func aLongerWindowNeedsASmallerMiniature() throws {
        let recorded = try recorded()
        func miniature(_ seconds: Double) -> UInt64 {
            ScalePlan(
                recorded, control: Setting(), knobs: Knob.catalogue, warmUp: .zero,
                window: .seconds(seconds)
            ).scale.miniature
        }
        #expect(miniature(2_000) < miniature(8))
    }

    @Test func whatTheUserAsksForIsTaken() throws {
        let plan = ScalePlan(
            try recorded(), control: Setting(), knobs: Knob.catalogue, warmUp: .zero,
            window: .seconds(10), speed: 7, miniature: 256)
        #expect(plan.scale.speed == 7)
        #expect(plan.scale.miniature == 256)
    }

    /// The sentence that saves a night: at 43 messages a second the first compaction is days away.
    @Test func theForecastSaysWhenNothingCanMatter() throws {
        let plan = ScalePlan(
            try recorded(), control: Setting(), knobs: Knob.catalogue, warmUp: .zero,
            window: .seconds(10))
        let first = try #require(plan.untilFirst(Setting()))
        #expect(first.flush > .seconds(3_600))
        #expect(abs(first.compaction.seconds / first.flush.seconds - 4) < 0.01)
    }
}
