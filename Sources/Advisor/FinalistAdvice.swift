package import Knobs
package import Measure
package import Study

/// What the confirmation showed about one finalist.
package struct FinalistAdvice: Sendable {
    /// A metric beside the objective: medians over the rounds of the confirmation.
    package struct Side: Sendable {
        package let metric: Metric
        /// nil if no trial observed it.
        package let control: Double?
        package let finalist: Double?
    }

    package let setting: Setting
    /// Where the search found it, and how good it looked there; never the gain.
    package let trial: Int
    package let searchLogRatio: Double
    package let judgement: Judgement
    package let changes: [KnobChange]
    package let sides: [Side]
    package let warnings: [String]

    package init(
        _ finalist: Finalists.Finalist, plan: StudyPlan, records: [TrialRecord], dialect: Dialect,
        resamples: Int
    ) {
        setting = finalist.setting
        trial = finalist.trial
        searchLogRatio = finalist.searchLogRatio
        let rounds = records.confirmation(of: finalist.setting)
        judgement = Self.judge(
            finalist, rounds: rounds, plan: plan, records: records, resamples: resamples)
        changes = KnobChange.all(to: finalist.setting, in: plan, on: dialect)
        sides = Metric.catalogue.filter(\.headline).map { metric in
            Side(
                metric: metric, control: Self.median(of: metric, in: rounds.map(\.control)),
                finalist: Self.median(of: metric, in: rounds.map(\.candidate)))
        }
        warnings =
            changes.flatMap {
                $0.warnings(engineAcknowledgesOnEnqueue: plan.engine.hasPrefix("emqx-"))
            } + Self.prices(among: sides)
            + Self.memoryWarnings(from: plan.control, to: finalist.setting)
    }

    /// A figure beside the objective that got worse by more than this is named as a price. Below it the
    /// medians of a few trials say little.
    private static let price = 1.25
    /// Where the control has none at all, more than ten milliseconds or any count is named.
    private static let floor = 0.01

    private static func prices(among sides: [Side]) -> [String] {
        sides.compactMap { side in
            guard side.metric.id != Metric.objective, side.metric.better != .neither,
                let control = side.control, let finalist = side.finalist, finalist > 0
            else { return nil }
            guard control > 0 else {
                guard side.metric.better == .lower, finalist > floor else { return nil }
                let to = Figures.text(finalist, side.metric.unit)
                return "The price: \(side.metric.title), none with the control, is \(to)."
            }
            let worse = side.metric.better == .lower ? finalist / control : control / finalist
            guard worse > price else { return nil }
            let (from, to) = (
                Figures.text(control, side.metric.unit), Figures.text(finalist, side.metric.unit)
            )
            return "The price: \(side.metric.title) goes from \(from) to \(to)."
        }
    }

    private static func judge(
        _ finalist: Finalists.Finalist,
        rounds: [(round: Int, control: TrialRecord, candidate: TrialRecord)], plan: StudyPlan,
        records: [TrialRecord], resamples: Int
    ) -> Judgement {
        let judged = Judgement(
            logRatios: rounds.compactMap { $0.candidate.logRatio(to: $0.control) },
            margin: plan.margin, seed: plan.root.branch("bootstrap of trial \(finalist.trial)"),
            resamples: resamples)
        let own = records.filter { $0.planned.setting == finalist.setting }
        // Durability is a constraint: one lost message outweighs any speed.
        if own.contains(where: \.lostMessages) {
            return Judgement(
                outcome: .losesMessages, estimate: judged.estimate, margin: plan.margin)
        }
        // Judging only the rounds that it survived would flatter it.
        if own.contains(where: { $0.result.ending != .finished }) {
            return Judgement(outcome: .crashes, estimate: judged.estimate, margin: plan.margin)
        }
        return judged
    }

    private static func median(of metric: Metric, in records: [TrialRecord]) -> Double? {
        let values = records.compactMap { $0.result.values[metric.id] }
        return values.isEmpty ? nil : quantile(values, 0.5)
    }

    /// Memtables at full scale, where the trials ran a miniature.
    private static func memoryWarnings(from control: Setting, to setting: Setting) -> [String] {
        let (now, then) = (memtables(control), memtables(setting))
        guard then > now + now / 4 else { return [] }
        return [
            "Memtables can grow to \(Bytes(then)) at full scale "
                + "(\(setting["n_shards"]) shards × \(setting["max_write_buffer_number"]) × "
                + "\(Bytes(UInt64(setting["write_buffer_size"]))), in the data column family of one "
                + "generation), now \(Bytes(now)): check that the node has that memory."
        ]
    }

    private static func memtables(_ setting: Setting) -> UInt64 {
        UInt64(
            setting["n_shards"] * setting["max_write_buffer_number"] * setting["write_buffer_size"])
    }
}

extension TrialRecord {
    var lostMessages: Bool { (result.values["not_stored_by_the_end"] ?? 0) > 0 }
}
