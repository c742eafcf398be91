package import Advisor
package import Knobs
package import Study

/// Everything a report is made from; the same input gives the same files.
package struct ReportInput: Sendable {
    package let plan: StudyPlan
    /// By number.
    package let records: [TrialRecord]
    package let recommendation: Recommendation
    /// Where the engine model departs from EMQX, one sentence each.
    package let departures: [String]
    package let durability: DurabilityRow
    /// Milliseconds since the epoch.
    package let date: UInt64
    /// What the trials began with, by number of shards; empty if they began with nothing.
    package let starts: [StartRecord]

    package init(
        plan: StudyPlan, records: [TrialRecord], dialect: Dialect, departures: [String],
        durability: DurabilityRow, date: UInt64, starts: [StartRecord] = []
    ) {
        self.plan = plan
        self.records = records
        self.recommendation = Recommendation(plan: plan, records: records, dialect: dialect)
        self.departures = departures
        self.durability = durability
        self.date = date
        self.starts = starts
    }

    var search: [TrialRecord] { records.filter { $0.planned.phase == .search } }
    var confirmation: [TrialRecord] { records.filter { $0.planned.phase == .confirmation } }

    /// The configurations that the plots compare: the control first.
    var compared: [Compared] {
        let advice = recommendation
        var compared = [Compared(name: "control", setting: plan.control)]
        if let reachable = advice.reachable {
            compared.append(
                Compared(
                    name: advice.areOne ? "best" : "best reachable", setting: reachable.setting))
        }
        if let overall = advice.overall, !advice.areOne {
            compared.append(Compared(name: "best overall", setting: overall.setting))
        }
        return compared
    }

    struct Compared {
        let name: String
        let setting: Setting
    }

    /// Finished trials of a configuration, of the confirmation if there are any.
    func trials(of setting: Setting) -> [TrialRecord] {
        let all = records.filter {
            $0.planned.setting == setting && $0.result.ending == .finished
        }
        let fresh = all.filter { $0.planned.phase == .confirmation }
        return fresh.isEmpty ? all : fresh
    }
}
