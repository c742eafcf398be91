package import Measure
package import Replay
internal import Storage
package import Traffic

/// Why a replay could not be run or finished.
package enum ReplayError: Error {
    /// Something is wrong with the recording.
    case recording(CaptureError)
    /// The disk, the system or the target failed.
    case environment(String)
}

/// One replay: sends a timeline on time to one side, lets what is under way arrive, and says what happened.
package struct ReplayRun {
    private let plan: ReplayPlan
    private let side: ReplaySide
    private let witness: ReplayWitness?
    private let log: String?

    /// As for a trial: 5 ms is the shortest flush interval in the catalogue.
    private static let lagLimit = Nanoseconds.milliseconds(5)
    private static let sampleInterval = Nanoseconds.milliseconds(250)
    /// Nothing has come for so long: what was under way has arrived.
    private static let quiet = Nanoseconds.milliseconds(500)

    /// - Parameters:
    ///   - witness: nil if nobody accounts for single messages.
    ///   - log: path of a file that gets the latencies of each second, in HdrHistogram's format.
    package init(
        _ plan: ReplayPlan, over side: ReplaySide, witness: ReplayWitness? = nil,
        log: String? = nil
    ) {
        (self.plan, self.side, self.witness, self.log) = (plan, side, witness, log)
    }

    /// - Parameters:
    ///   - start: when the timeline begins.
    ///   - tell: called once a second, from a thread of its own.
    ///   - interrupted: asked several times a second; a reason ends the run, which is then summed up.
    package func run(
        _ timeline: any Timeline, from start: MonotonicTime,
        telling tell: @escaping @Sendable (ReplayProgress) -> Void,
        stopIf interrupted: () -> String?
    ) throws(ReplayError) -> ReplaySummary {
        let store = side.broker?.store
        let schedule = Schedule(
            start: start, speed: plan.speed, warmUp: plan.warmUp, window: plan.duration)
        store?.measure(from: schedule.windowStart, to: schedule.windowEnd)
        let watch: ReplayWatch
        do throws(LatencyLogError) {
            watch = try ReplayWatch(from: start, of: store, log: log, tell: tell)
        } catch { throw .environment("\(error)") }
        let sampler = side.broker.map {
            Sampler(of: $0.store, directory: $0.plan.directory, every: Self.sampleInterval)
        }
        defer {
            _ = sampler?.stop()
            watch.end()
        }
        do throws(ThreadError) {
            try watch.begin()
            try sampler?.start()
        } catch { throw .environment(error.description) }

        let witnessed = witness.map {
            WitnessedTransport(wrapping: side.transport, ledger: $0.ledger)
        }
        var window = ReplayWindow(of: side.broker, from: schedule.windowStart)
        let replayer = Replayer(
            timeline, over: witnessed ?? side.transport, on: schedule, plan.clients)
        var end: Replayer.End
        do throws(CaptureError) {
            end = try replayer.run(stopIf: {
                let now = MonotonicTime.now()
                watch.offer(from: replayer)
                window.look(at: now)
                return interrupted() ?? witness?.reasonToStop(at: now) ?? side.reasonToStop(now)
            })
        } catch { throw .recording(error) }
        window.close(at: .now())
        if let reason = settle(replayer, watch), case .finished = end { end = .stopped(reason) }
        watch.finish(from: replayer)
        let samples = sampler?.stop() ?? []
        if let failure = store?.failure { throw .environment("\(failure)") }
        if let failure = watch.failure { throw .environment("\(failure)") }
        var summary = summary(of: replayer, window, samples, end)
        // What has not come to who is connected is missing now; else clean sessions take their losses with them.
        witnessed?.settled(at: .now())
        replayer.hangUp()
        if let witness, let witnessed {
            summary.verification = try witness.judge(
                witnessed, measured: schedule.windowStart..<schedule.windowEnd,
                until: .now() + plan.settling)
        }
        return summary
    }

    /// Until everything accepted is durable and what was under way has arrived, or the bound.
    /// - Returns: why that cannot be waited for.
    private func settle(_ replayer: Replayer, _ watch: ReplayWatch) -> String? {
        let began = MonotonicTime.now()
        var reason: String?
        replayer.settle(until: began + plan.settling) {
            let now = MonotonicTime.now()
            watch.offer(from: replayer)
            reason = witness?.reasonToStop(at: now)
            guard reason == nil else { return true }
            guard witness?.crash?.isUnderWay != true, !replayer.awaitsAnswers,
                side.broker?.hasSettled ?? true
            else { return false }
            return now - max(began, replayer.lastHeard) >= Self.quiet
        }
        return reason
    }

    private func summary(
        of replayer: Replayer, _ window: ReplayWindow, _ samples: [Sample], _ end: Replayer.End
    ) -> ReplaySummary {
        let recorder = replayer.recorder
        var summary = ReplaySummary()
        summary.sent = ReplaySummary.Counts(recorder.sent)
        summary.acknowledged = ReplaySummary.Counts(recorder.acknowledged)
        summary.delivered = ReplaySummary.Counts(recorder.delivered)
        summary.latencies = recorder.latencies
        summary.acknowledgementSplit = recorder.acknowledgementSplit
        summary.troubles = ReplayTroubles(recorder)
        (summary.speed, summary.wall) = (plan.speed, window.length)
        (summary.cpu, summary.burned) = (window.cpu, window.burned)
        (summary.generator, summary.isRealTime) = (replayer.cpu, replayer.isRealTime)
        if case .stopped(let reason) = end { summary.stopped = reason }
        if let broker = side.broker { summary.add(broker, window) }

        var figures = window.figures
        figures.lag = recorder.lag.percentile(99) ?? .zero
        figures.lagLimit = Self.lagLimit
        figures.queueGrew = samples.queueGrowth != nil
        summary.finding = BoundFinding(figures)
        summary.doubts = doubts(recorder, samples)
        return summary
    }

    private func doubts(_ recorder: Recorder, _ samples: [Sample]) -> [Caveat] {
        var doubts: [Caveat] = []
        if let lag = recorder.lag.percentile(99), lag > Self.lagLimit {
            doubts.append(.generatorBound(lagP99: lag, limit: Self.lagLimit))
        }
        if recorder.unsent > 0 { doubts.append(.notSent(count: recorder.unsent)) }
        if let growth = samples.queueGrowth { doubts.append(growth) }
        if let depth = side.broker?.store.depth, depth > 0 {
            doubts.append(.notStored(count: depth))
        }
        return doubts
    }
}

extension ReplaySummary {
    /// What only the inside can tell.
    fileprivate mutating func add(_ broker: InProcessBroker, _ window: ReplayWindow) {
        let measured = broker.store.measured()
        (durable, split) = (measured.durable, measured.split)
        (bufferDepthMax, stored) = (broker.store.depthMax, measured.stored)
        stalled = window.stalled
        (acknowledgeMode, engine) = (broker.plan.durability.id, broker.plan.engine.id)
    }
}
