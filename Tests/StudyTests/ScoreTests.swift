import Foundation
import Knobs
import Measure
import Study
import StudyFixtures
import TestSupport
import Testing

@Suite struct ScoreTests {
    private static func block(_ candidates: [(Setting, Double, [String: String])]) -> [TrialRecord]
    {
        let all = [(Setting(), 0.1, ["write_buffer_size": "64"])] + candidates
        return all.enumerated().map { index, one in
            let planned = PlannedTrial(
                number: index + 1, phase: .search, block: 1,
                role: index == 0 ? .control : .candidate, arm: index == 0 ? nil : .overall,
                setting: one.0)
            var result = Fixture.result(index + 1, durable: one.1)
            result.effective = one.2
            return Fixture.record(planned, result)
        }
    }

    @Test func scoreIsTheLogRatioToTheControlOfTheBlock() throws {
        let records = Self.block([(Setting(["max_background_jobs": 4]), 0.05, [:])])
        let score = try #require(records.scores().first)
        #expect(score.trial == 2)
        #expect(abs(score.logRatio - log(0.5)) < 1e-12)
    }

    @Test func sameEffectiveOptionsAreOneConfigurationUnlessAnotherKnobDiffers() {
        let records = Self.block([
            (Setting(["level0_slowdown_writes_trigger": 8]), 0.1, ["a": "1"]),
            (Setting(["level0_slowdown_writes_trigger": 12]), 0.1, ["a": "1"]),
            (Setting(["n_shards": 8]), 0.1, ["a": "1"]),
            (Setting(["max_background_jobs": 4]), 0.1, ["write_buffer_size": "64"]),
            (Setting(["max_background_jobs": 6]), 0.1, [:]),
        ])
        #expect(records.duplicates() == [3: 2, 5: 1])
    }

    @Test func finalistsAreTheBestOfEachKindAndTheEarlierOfEqualOnes() {
        let plan = Fixture.plan()
        let records = Self.block([
            (Setting(["local_write_buffer.max_items": 500]), 0.08, [:]),
            (Setting(["local_write_buffer.max_items": 200]), 0.08, [:]),
            (Setting(["max_background_jobs": 8]), 0.05, [:]),
        ])
        let finalists = Finalists(of: plan, in: records)
        #expect(finalists.reachable?.trial == 2)
        #expect(finalists.overall?.trial == 4)
        #expect(!finalists.areOne)
    }
}

@Suite struct FiguresTests {
    @Test(arguments: [
        (0.0, Metric.Unit.seconds, "0 s"), (0.000_123_4, .seconds, "123 µs"),
        (0.012_34, .seconds, "12.3 ms"), (0.999_6, .seconds, "1.00 s"), (1.234, .seconds, "1.23 s"),
        (1_234.5, .seconds, "1,234 s"), (67_108_864, .bytes, "64 MiB"),
        (1_234_567, .count, "1,234,567"), (2.5, .count, "2.50"), (3.456, .ratio, "3.46"),
        (98_765.4, .perSecond, "98,765 /s"), (0.001_23, .ratio, "0.0012"),
    ])
    func numbersCarryTheirUnitAndNoFalseDigits(_ value: Double, _ unit: Metric.Unit, _ text: String)
    {
        #expect(Figures.text(value, unit) == text)
    }

    @Test(arguments: [
        (0.877, "−12.3 %"), (1.04, "+4.0 %"), (1.000_1, "±0.0 %"), (2.5, "+150.0 %"),
    ])
    func changesCarryTheirSign(_ ratio: Double, _ text: String) {
        #expect(Figures.change(ofRatio: ratio) == text)
    }
}

@Suite struct CaptureIdentityTests {
    /// The test vectors of the authors of FNV (isthe.com, fnv1a_64).
    @Test(arguments: [
        ("", "cbf29ce484222325"), ("a", "af63dc4c8601ec8c"), ("foobar", "85944171f73967e8"),
    ])
    func digestIsFNV1a(_ text: String, _ digest: String) throws {
        let scratch = ScratchDirectory()
        let path = scratch.path + "/capture"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let identity = try CaptureIdentity(reading: path)
        #expect(identity.digest == digest)
        #expect(identity.bytes == UInt64(text.utf8.count))
    }

    @Test func missingCaptureSaysWhich() {
        let error = #expect(throws: CaptureReadError.self) {
            try CaptureIdentity(reading: "/nowhere/fleet.pcap")
        }
        #expect(error?.description.hasPrefix("/nowhere/fleet.pcap: ") == true)
    }
}
