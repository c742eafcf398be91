internal import Foundation
internal import Knobs
internal import Measure

/// Runs a study to its end, from wherever it is.
package struct StudyRunner: Sendable {
    private let store: StudyStore
    private let executor: any TrialExecutor
    private let now: @Sendable () -> UInt64

    /// - Parameter now: wall clock, milliseconds since the epoch.
    package init(
        store: StudyStore, executor: any TrialExecutor,
        now: @escaping @Sendable () -> UInt64 = wallClockMilliseconds
    ) {
        self.store = store
        self.executor = executor
        self.now = now
    }

    /// - Parameter progress: called at the start and the end of each trial, and every second between.
    /// - Returns: all trials of the study.
    /// - Throws: `StudyRunError`; every trial that was finished before is in the store.
    @discardableResult
    package func run(
        progress: @escaping @Sendable (StudyProgress) -> Void
    ) async throws(StudyRunError) -> [TrialRecord] {
        let began = now()
        do {
            let schedule = try StudySchedule(store.plan)
            var records = try store.records()
            try check(records, against: schedule)
            while let planned = schedule.next(after: records) {
                if Task.isCancelled { throw StudyRunError.cancelled }
                let clock = Clock(began: began, trialBegan: now(), now: now)
                let seen = records
                let report = { @Sendable (event: StudyProgress.Event, records: [TrialRecord]) in
                    progress(
                        clock.progress(event, planned, of: schedule, after: records, store.plan))
                }
                report(.started, seen)
                let spec = spec(for: planned, of: schedule)
                let result = try await withTicker({ report(.waiting, seen) }) {
                    try await executor.run(spec)
                }
                let record = record(of: planned, spec, result, after: records)
                try store.finish(record)
                records.removeAll { $0.number == record.number }
                let place = records.firstIndex { $0.number > record.number } ?? records.endIndex
                records.insert(record, at: place)
                report(result.ending == .finished ? .finished : .failed, records)
            }
            return records
        } catch let error as StudyRunError {
            throw error
        } catch let error as StudyStoreError {
            throw .store(error)
        } catch let error as PlanError {
            throw .plan(error)
        } catch let error as TrialInterruption {
            throw error == .cancelled ? .cancelled : .environment("\(error)", store.directory.path)
        } catch {
            throw .cancelled
        }
    }

    private func spec(for planned: PlannedTrial, of schedule: StudySchedule) -> TrialSpec {
        var spec = TrialSpec(
            number: planned.number, engine: store.plan.engine, setting: planned.setting,
            captures: store.plan.captures.map(\.path), scale: store.plan.scale,
            seed: schedule.seed(of: planned), directory: store.directory.trial(planned.number),
            start: store.plan.start.path(
                shards: Int(planned.setting["n_shards"]), in: store.directory),
            conditions: store.plan.conditions)
        spec.tlsKeyLog = store.plan.tlsKeyLog
        return spec
    }

    private func record(
        of planned: PlannedTrial, _ spec: TrialSpec, _ result: TrialResult,
        after records: [TrialRecord]
    ) -> TrialRecord {
        var result = result
        let earlier = records.first { $0.number == planned.number }
        if let earlier, case .failed(let sentence) = earlier.result.ending {
            result.remarks.append("attempt \(earlier.attempts) failed: \(sentence)")
        }
        return TrialRecord(
            planned: planned, attempts: (earlier?.attempts ?? 0) + 1, spec: spec, result: result)
    }

    /// What was measured has to be what this version would have asked, or blocks would be mixed.
    private func check(
        _ records: [TrialRecord], against schedule: StudySchedule
    ) throws(StudyRunError) {
        let planned = Dictionary(
            uniqueKeysWithValues: schedule.planned(after: records).map { ($0.number, $0) })
        for record in records where planned[record.number] != record.planned {
            throw .otherSchedule(trial: record.number, directory: store.directory.path)
        }
    }

    /// Calls `tick` every second while `work` runs.
    private func withTicker<T: Sendable>(
        _ tick: @escaping @Sendable () -> Void, _ work: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        try await withThrowingTaskGroup(of: T?.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(nanoseconds: 1_000_000_000)
                    if !Task.isCancelled { tick() }
                }
                return nil
            }
            group.addTask { try await work() }
            defer { group.cancelAll() }
            while let answer = try await group.next() {
                if let answer { return answer }
            }
            throw CancellationError()
        }
    }
}

package enum StudyRunError: Error, Equatable, CustomStringConvertible {
    /// Stopped by the user; `resume` goes on.
    case cancelled
    /// The machine failed a trial: sentence, directory.
    case environment(String, String)
    case store(StudyStoreError)
    case plan(PlanError)
    /// A version of dstune with another schedule began this study.
    case otherSchedule(trial: Int, directory: String)

    package var exitCode: Int32 {
        switch self {
        case .cancelled, .environment: 3
        case .store(let error): error.exitCode
        case .plan, .otherSchedule: 2
        }
    }

    package var description: String {
        switch self {
        case .cancelled: "stopped; every finished trial is kept"
        case .environment(let sentence, let directory):
            "\(sentence); every finished trial is kept, go on with `dstune resume \(directory)`"
        case .store(let error): error.description
        case .plan(let error): error.description
        case .otherSchedule(let trial, let directory):
            "\(directory): trial \(trial) was planned by another version of dstune and does not fit "
                + "this one's schedule; make its report with `dstune report \(directory)`, and start "
                + "a new study"
        }
    }
}

/// The times of one trial within a run.
private struct Clock: Sendable {
    let began: UInt64
    let trialBegan: UInt64
    let now: @Sendable () -> UInt64

    func progress(
        _ event: StudyProgress.Event, _ planned: PlannedTrial, of schedule: StudySchedule,
        after records: [TrialRecord], _ plan: StudyPlan
    ) -> StudyProgress {
        let time = max(now(), trialBegan)
        let total = schedule.total(after: records)
        let settled = records.filter(\.isSettled).count
        let each = typicalTrial(records, plan)
        let running = event == .started || event == .waiting
        let spent = running ? min(time - trialBegan, each) : 0
        let remaining = UInt64(max(0, total - settled)) * each - (settled < total ? spent : 0)
        let best = records.scores().min { ($0.logRatio, $0.trial) < ($1.logRatio, $1.trial) }
        return StudyProgress(
            event: event, trial: planned.number, total: total, phase: planned.phase,
            block: planned.block, elapsed: time - min(began, time), estimatedEnd: time + remaining,
            best: best.map { StudyProgress.Best(trial: $0.trial, ratio: exp($0.logRatio)) })
    }

    /// Milliseconds: the mean so far; before the first, what the plan gives a trial.
    private func typicalTrial(_ records: [TrialRecord], _ plan: StudyPlan) -> UInt64 {
        let spans = records.map { $0.result.ended - min($0.result.started, $0.result.ended) }
        guard !spans.isEmpty else {
            return UInt64(max(0, (plan.scale.warmUp + plan.scale.window).seconds * 1_000))
        }
        return spans.reduce(0, +) / UInt64(spans.count)
    }
}
