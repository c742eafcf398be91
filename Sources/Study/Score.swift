internal import Knobs
internal import Measure
internal import Foundation

/// How a candidate of the search compares with the control of its block.
package struct Score: Equatable, Sendable {
    package let trial: Int
    /// ln(candidate / control) of the objective: below 0 is better than the control.
    package let logRatio: Double
}

extension [TrialRecord] {
    /// Scores of the candidates of a phase, by trial number. A candidate has none if it or its
    /// control does not rank.
    package func scores(in phase: Phase = .search) -> [Score] {
        compactMap { record in
            guard record.planned.phase == phase, record.planned.role == .candidate,
                let control = control(of: record),
                let logRatio = record.logRatio(to: control)
            else { return nil }
            return Score(trial: record.number, logRatio: logRatio)
        }
    }

    package func control(of record: TrialRecord) -> TrialRecord? {
        inBlock(record.planned.block, of: record.planned.phase)
            .first { $0.planned.role == .control }
    }

    /// Trials that ran what an earlier setting had run already, because RocksDB corrects some options
    /// away: the number of the first trial with that configuration.
    package func duplicates() -> [Int: Int] {
        var first: [Configuration: TrialRecord] = [:]
        var duplicates: [Int: Int] = [:]
        for record in self where record.result.ending == .finished {
            guard let configuration = Configuration(of: record) else { continue }
            guard let earlier = first[configuration] else {
                first[configuration] = record
                continue
            }
            if earlier.planned.setting != record.planned.setting {
                duplicates[record.number] = earlier.number
            }
        }
        return duplicates
    }
}

extension TrialRecord {
    /// - Returns: nil if one of the two does not rank.
    package func logRatio(to other: TrialRecord) -> Double? {
        guard result.ranks, other.result.ranks, let mine = result.values[Metric.objective],
            let theirs = other.result.values[Metric.objective], mine > 0, theirs > 0
        else { return nil }
        return log(mine / theirs)
    }
}

/// What really ran: RocksDB's options after its own corrections, and the knobs that are not RocksDB's.
private struct Configuration: Hashable {
    let effective: [String: String]
    let others: [String: Int64]

    init?(of record: TrialRecord) {
        guard !record.result.effective.isEmpty else { return nil }
        effective = record.result.effective
        var others: [String: Int64] = [:]
        for knob in Knob.catalogue where !knob.reach.isRocksDB {
            others[knob.id] = record.planned.setting[knob]
        }
        self.others = others
    }
}
