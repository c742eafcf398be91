internal import Foundation
internal import Measure
internal import Replay
internal import Storage
internal import Traffic
internal import Trial

/// The replays of one command: each over a broker that knows nothing of the one before, unless it is another's.
struct ReplaySession {
    /// Which broker a replay is sent to.
    enum Broker {
        /// Within this process.
        case inProcess(InProcessPlan)
        /// One of our own in a process of its own; killed after so long, if it is to be.
        case child(InProcessPlan, killedAfter: Nanoseconds?)
        case target(ResolvedTarget, SocketOptions, Promise)
    }

    let recording: Recording
    let traffic: TrafficOptions
    let broker: Broker
    /// Nil: nobody accounts for single messages.
    let ledger: LedgerPlace?
    /// Where files of results are put; nil: nowhere.
    let output: String?
    /// For stores and what else a run needs; it is removed by whoever made it.
    let folder: String
    let lines: ReplayLines
    let stop: StopSwitch

    /// Where the record of messages is kept.
    enum LedgerPlace {
        /// Below the folder of the session.
        case scratch
        case file(String)
    }

    /// How long each try of a search lasts unless it is said: some flush intervals and memtables.
    private static let tryDuration = Nanoseconds.seconds(20)
    /// Everybody connects at the beginning; that is not what is asked about.
    private static let tryWarmUp = Nanoseconds.seconds(2)

    func replay() throws(Failure) -> ReplaySummary {
        do throws(ReplayError) {
            return try run(Pace(speed: traffic.speed), over: broker, telling: lines.tell)
        } catch { throw failure(error) }
    }

    /// The highest speed that holds.
    func findLimit(
        _ objectives: [Objective]
    ) throws(Failure) -> (capacity: Capacity, summary: ReplaySummary?) {
        var first = 1.0
        if case .times(let times) = traffic.speed { first = times }
        do throws(ReplayError) {
            return try CapacityRun(objectives, from: first).run(
                { speed, tell throws(ReplayError) in
                    let pace = Pace(
                        speed: .times(speed), warmUp: Self.tryWarmUp,
                        duration: traffic.duration?.span ?? Self.tryDuration)
                    return try run(pace, over: broker, telling: tell)
                }, telling: lines.tell, stopIf: interruption, tried: lines.tried)
        } catch { throw failure(error) }
    }

    /// How fast one run is, and how long.
    struct Pace {
        var speed: Speed
        var warmUp = Nanoseconds.zero
        /// After the warm-up; nil: as the traffic has it.
        var duration: Nanoseconds?
    }

    /// One run.
    func run(
        _ pace: Pace, over broker: Broker,
        telling tell: @escaping @Sendable (ReplayProgress) -> Void
    ) throws(ReplayError) -> ReplaySummary {
        let planned: PlannedTimeline
        do throws(CaptureError) {
            let wanted = pace.duration.map { $0 + pace.warmUp }
            planned = try traffic.plan(at: pace.speed, for: wanted).make(from: recording)
        } catch { throw .recording(error) }
        var plan = ReplayPlan()
        plan.speed = pace.speed.factor
        plan.warmUp = pace.warmUp
        plan.duration = pace.duration ?? traffic.duration?.span
        let attempt = ReplayAttempt(session: self, plan: plan, planned: planned, tell: tell)
        var summary =
            switch broker {
            case .inProcess(let inside): try attempt.run(in: inside)
            case .child(let inside, let time): try attempt.run(as: inside, killedAfter: time)
            case .target(let target, let options, let promise):
                try attempt.run(to: target, options, promise)
            }
        summary.recorded = recording.times
        summary.recordingDoubts = recording.doubts
        summary.changes = planned.changes
        if let scale = planned.scale {
            summary.changes.append(broker.sentence(of: scale))
            summary.unscaled = TimeScale.unscaled
        }
        return summary
    }

    func interruption() -> String? { stop.isOn ? "interrupted" : nil }

    func failure(_ error: ReplayError) -> Failure {
        lines.end()
        return switch error {
        case .recording(let error): Failure(.badInput, error.description)
        case .environment(let sentence): Failure(.environment, sentence)
        }
    }
}

extension ReplaySession.Broker {
    /// What became of the broker's own timers.
    fileprivate func sentence(of scale: TimeScale) -> String {
        switch self {
        case .inProcess, .child:
            "the broker's flush intervals and message retention divided by \(scale.speed)"
        case .target:
            "the target keeps its own time; divide there by \(scale.speed): "
                + TimeScale.brokerTimers.map(\.key).joined(separator: ", ")
        }
    }
}

extension Speed {
    /// Infinite for `max`.
    var factor: Double {
        switch self {
        case .times(let times): times
        case .max: .infinity
        }
    }
}
