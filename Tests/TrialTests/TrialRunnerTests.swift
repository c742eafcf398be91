import Foundation
import Knobs
import Measure
import Study
import TestSupport
import Testing
import Traffic
import Trial

/// Real trials on the bundled capture: small, so nothing here looks at how long anything took.
@Suite(.serialized) struct TrialRunnerTests {
    private func spec(_ scratch: ScratchDirectory, _ setting: Setting = Setting()) -> TrialSpec {
        TrialSpec(
            number: 1, engine: "emqx-5.8-local", setting: setting, captures: [Folder.capture],
            scale: Scale(
                speed: 30, miniature: 1_024, warmUp: .milliseconds(200), window: .seconds(2),
                cyclesNeeded: 1), seed: Seed(1), directory: scratch.path)
    }

    private func trace() throws -> Trace { try Trace.load(captures: [Folder.capture]).trace }

    @Test func aTrialStoresAcknowledgesAndDeliversWhatTheCaptureSends() throws {
        let scratch = ScratchDirectory()
        let result = try TrialRunner(spec(scratch), trace: trace()).run()
        #expect(result.ending == .finished)
        let published = try #require(result.values["published"])
        let stored = try #require(result.values["stored"])
        let acknowledged = try #require(result.values["acknowledged"])
        #expect(published > 1_000)
        // The archiver's durable session wants everything; wills come on top.
        #expect(stored >= published)
        #expect(stored < published * 1.1)
        // 915 of 2041 publishes are at QoS 1 or 2.
        #expect(abs(acknowledged / published - 915.0 / 2041.0) < 0.1)
        #expect((result.values["delivered"] ?? 0) > 0)
        #expect(result.values["not_stored_by_the_end"] == 0)
        #expect((result.values["durable_p99_s"] ?? 0) > 0)
        let walBytes = try #require(result.values["wal_bytes"])
        #expect(walBytes > 300 * stored)
    }

    /// Every metric of the catalogue is observed: one that never has a value is a promise not kept.
    @Test func everyMetricIsObserved() throws {
        let scratch = ScratchDirectory()
        let result = try TrialRunner(spec(scratch), trace: trace()).run()
        for metric in Metric.catalogue {
            #expect(result.values[metric.id] != nil, "\(metric.id)")
        }
        let peak = try #require(result.values["allocated_bytes_peak"])
        #expect(peak > 1_048_576, "jemalloc serves this process")
    }

    /// A knob must reach the trial: a longer flush interval is felt in full.
    @Test func aSettingIsFelt() throws {
        var slow = Setting()
        slow["local_write_buffer.flush_interval"] = 500
        let scratch = ScratchDirectory()
        let result = try TrialRunner(spec(scratch, slow), trace: trace()).run()
        #expect((result.values["durable_p99_s"] ?? 0) > 0.4)
        var few = Setting()
        few["n_shards"] = 4
        let other = ScratchDirectory()
        _ = try TrialRunner(spec(other, few), trace: trace()).run()
        let shards = try FileManager.default.contentsOfDirectory(atPath: other("data"))
        #expect(shards.sorted() == ["0", "1", "2", "3", "STORE"])
    }

    @Test func sizesOfTheMiniatureReachRocksDB() throws {
        let scratch = ScratchDirectory()
        let result = try TrialRunner(spec(scratch), trace: trace()).run()
        #expect(result.effective["data.write_buffer_size"] == "\((64 << 20) / 1_024)")
        #expect(result.effective["data.max_bytes_for_level_base"] == "\((256 << 20) / 1_024)")
        #expect(result.effective["data.level0_file_num_compaction_trigger"] == "4")
        #expect(result.effective["atomic_flush"] == "true")
        #expect(result.remarks.isEmpty, "\(result.remarks)")
    }

    @Test func samplesAndEventsAreLeftBehind() throws {
        let scratch = ScratchDirectory()
        _ = try TrialRunner(spec(scratch), trace: trace()).run()
        let samples = try String(contentsOfFile: scratch("samples.tsv"), encoding: .utf8)
            .split(separator: "\n").map {
                $0.split(separator: "\t", omittingEmptySubsequences: false)
            }
        #expect(samples.count > 5)
        #expect(samples.allSatisfy { $0.count == samples[0].count })
        let events = try String(contentsOfFile: scratch("events.tsv"), encoding: .utf8)
        #expect(events.contains("\tflush\t"))
    }

    @Test func anUnknownEngineIsRefusedByName() throws {
        let scratch = ScratchDirectory()
        var spec = spec(scratch)
        spec.engine = "emqx-9"
        let trace = try trace()
        let asked = spec
        #expect(throws: TrialError.self) { try TrialRunner(asked, trace: trace) }
    }

    /// A disk or a directory that cannot be written is the machine's failure, not a result.
    @Test func aStoreThatCannotBeOpenedEndsTheTrial() throws {
        let scratch = ScratchDirectory()
        try Data().write(to: URL(fileURLWithPath: scratch("data")))  // a file where the folder belongs
        let runner = try TrialRunner(spec(scratch), trace: trace())
        #expect {
            try runner.run()
        } throws: { error in
            if case .environment = error as? TrialError { true } else { false }
        }
    }
}
