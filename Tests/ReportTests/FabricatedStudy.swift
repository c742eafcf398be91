import Advisor
import Foundation
import Knobs
import Measure
import Report
import Study
import StudyFixtures

/// A study whose numbers are made up: for these tests only, never shown as a result.
enum FabricatedStudy {
    static func input(gain: Bool = true, finished: Bool = true) -> ReportInput {
        let plan = Fixture.plan(rounds: 3, seed: 4)
        var records = Fixture.run(plan) { answer($0, gain: gain) }
        if !finished { records.removeLast() }
        do {
            return ReportInput(
                plan: plan, records: records,
                dialect: try Dialect.find(version: "5.8", edition: "ce"),
                departures: [
                    "Value sizes are of serializer v1 | OTP 26.", "No <CPU> load per message.",
                ],
                durability: .onEnqueue, date: 1_700_000_000_000)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    private static func answer(_ planned: PlannedTrial, gain: Bool) -> TrialResult {
        if planned.number == 4 {
            return TrialResult(
                number: 4, ending: .failed("killed by signal 11"), started: 1_000_000,
                ended: 1_003_000)
        }
        var seconds = 0.1
        if gain {
            if planned.setting["local_write_buffer.flush_interval"] < 100 { seconds *= 0.7 }
            if planned.setting["max_background_jobs"] > 2 { seconds *= 0.6 }
        }
        let durable = Fixture.noisy(seconds, spread: 0.01, planned, seed: 9)
        var result = Fixture.result(planned.number, durable: durable)
        var histogram = LatencyHistogram()
        var seed = Seed(UInt64(planned.number))
        for _ in 0..<3_000 {
            let share = -log(Double.random(in: 1e-9..<1, using: &seed)) / 4.6
            histogram.record(.seconds(durable * max(0.05, share)))
        }
        result.histograms["durable"] = histogram
        if planned.number == 2 { result.caveats = [.tooFewCycles(count: 7, needed: 20)] }
        return result
    }

    /// What a trial of twelve seconds would have written down.
    static func samples(stalls: Double) -> String {
        let columns = [
            "seconds", "stored", "buffer_depth", "l0_files_max", "l0_files", "immutable_memtables",
            "pending_compaction_bytes", "stall_s", "stopped_shards", "memtable_bytes",
            "allocated_bytes", "active_bytes", "resident_bytes", "disk_bytes",
        ]
        var text = columns.joined(separator: "\t") + "\n"
        for second in 0..<12 {
            let files = [2, 5, 9, 14, 18, 21, 20, 12, 4, 6, 10, 15][second]
            let stalled = stalls * Double(max(0, second - 3))
            text +=
                "\(second)\t\(second * 9_000)\t\(second % 5 * 100)\t\(files)\t\(files * 9)\t3\t1000000\t"
                + "\(stalled)\t0\t4000000\t90000000\t95000000\t200000000\t\(second * 5_000_000)\n"
        }
        return text
    }
}
