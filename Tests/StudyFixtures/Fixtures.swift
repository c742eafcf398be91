internal import Foundation
package import Knobs
package import Measure
package import Study

/// Made-up studies for tests: numbers from a formula, never shown to a user.
package enum Fixture {
    package static let searched = [
        "write_buffer_size", "max_background_jobs", "level0_file_num_compaction_trigger",
        "level0_slowdown_writes_trigger", "level0_stop_writes_trigger",
        "local_write_buffer.max_items", "local_write_buffer.flush_interval",
    ]
    package static let reachable = [
        "local_write_buffer.max_items", "local_write_buffer.flush_interval",
    ]

    package static let capture = CaptureIdentity(
        path: "/captures/fleet.pcap", bytes: 123_456, digest: "00000000deadbeef")

    package static func plan(
        knobs: [String] = searched, reachable: [String] = reachable, control: Setting = Setting(),
        captures: [CaptureIdentity] = [capture], blocks: Int = 2, candidates: Int = 4,
        rounds: Int = 5, seed: UInt64 = 1, engine: String = "emqx-5.8-local",
        start: StartState = .empty
    ) -> StudyPlan {
        do throws(PlanError) {
            return try StudyPlan(
                captures: captures, engine: engine, emqx: "5.8", edition: "ce", control: control,
                knobs: knobs, reachable: reachable, newDatabase: false, blocks: blocks,
                candidatesPerBlock: candidates, confirmationRounds: rounds,
                scale: Scale(
                    speed: 40, miniature: 64, warmUp: .seconds(2), window: .seconds(10),
                    cyclesNeeded: 20),
                seed: seed,
                command: "dstune sweep fleet.pcap --emqx 5.8 --edition ce --seed \(seed)",
                environment: environment, traffic: traffic, start: start)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    package static let environment = Environment(
        version: "0.1.0", optimised: true, rocksdb: "7.8.3", cpu: "a | b CPU", cores: 2,
        memory: .gib(8), kernel: "6.1.0", governor: "performance", filesystem: "ext4",
        syncMedian: .microseconds(850))

    package static let traffic = TrafficSummary(
        table: [["what", "count"], ["PUBLISH, QoS 1", "12,345"], ["topic a|b", "7"]],
        sentences: ["60 clients, of which 4 hold durable sessions."])

    /// A finished trial that ranks.
    package static func result(_ number: Int, durable: Double) -> TrialResult {
        TrialResult(
            number: number, ending: .finished,
            values: [
                Metric.objective: durable, "puback_p99_s": 0.000_4, "generator_lag_p99_s": 0.001,
                "stall_s": 1.25, "write_amplification": 3.4, "l0_cycles": 40,
                "stored_per_s": 9_876.5, "resident_bytes_peak": Double(200 << 20),
                "not_stored_by_the_end": 0,
            ], started: 1_000_000, ended: 1_012_000)
    }

    package static func record(_ planned: PlannedTrial, _ result: TrialResult, attempts: Int = 1)
        -> TrialRecord
    {
        let plan = plan()
        return TrialRecord(
            planned: planned, attempts: attempts,
            spec: TrialSpec(
                number: planned.number, engine: plan.engine, setting: planned.setting,
                captures: plan.captures.map(\.path), scale: plan.scale, seed: plan.root,
                directory: "/study/trials/\(planned.number)"),
            result: result)
    }

    /// Answers the schedule of `plan` until it asks nothing more.
    package static func run(
        _ plan: StudyPlan, after records: [TrialRecord] = [],
        answer: (PlannedTrial) -> TrialResult
    ) -> [TrialRecord] {
        var records = records
        guard let schedule = try? StudySchedule(plan) else { preconditionFailure("no schedule") }
        while let next = schedule.next(after: records) {
            let earlier = records.firstIndex { $0.number == next.number }
            let attempts = earlier.map { records.remove(at: $0).attempts } ?? 0
            records.append(record(next, answer(next), attempts: attempts + 1))
            records.sort { $0.number < $1.number }
        }
        return records
    }

    /// `seconds` times log-normal noise of about `spread`, drawn for each trial from `seed`, and a
    /// drift that the trials of a block share.
    package static func noisy(
        _ seconds: Double, spread: Double, _ planned: PlannedTrial, seed: UInt64
    ) -> Double {
        var own = Seed(seed).branch("trial \(planned.number)")
        var shared = Seed(seed).branch("\(planned.phase) \(planned.block)")
        return seconds * exp(spread * normal(&own) + 2 * spread * normal(&shared))
    }

    /// Sum of twelve uniform draws: near enough to a normal one.
    private static func normal(_ seed: inout Seed) -> Double {
        (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &seed) }
    }
}
