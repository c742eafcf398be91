internal import Foundation
internal import Measure
internal import Replay
internal import Storage
internal import Trial

/// One run of a session, over one kind of broker.
struct ReplayAttempt {
    let session: ReplaySession
    let plan: ReplayPlan
    let planned: PlannedTimeline
    let tell: @Sendable (ReplayProgress) -> Void

    /// Until a run begins: its threads are started in it.
    private static let ahead = Nanoseconds.milliseconds(50)
    /// Clients of a broker that was killed come back by themselves, as real ones do.
    private static let reconnectAfter = Nanoseconds.milliseconds(100)

    /// Over a broker within this process.
    func run(in inside: InProcessPlan) throws(ReplayError) -> ReplaySummary {
        let inside = adapted(inside, to: "/data")
        defer { try? FileManager.default.removeItem(atPath: inside.directory) }
        let broker: InProcessBroker
        do throws(TrialError) { broker = try InProcessBroker(inside) } catch {
            throw .environment(error.description)
        }
        defer { broker.close() }
        let witness = try makeLedger().map { ReplayWitness($0, inside.promise) }
        defer { removeScratchLedger() }
        return try replay(plan, planned.timeline, over: .inProcess(broker), witness, start)
    }

    /// To a broker of somebody's.
    func run(
        to target: ResolvedTarget, _ options: SocketOptions, _ promise: Promise
    ) throws(ReplayError) -> ReplaySummary {
        var (plan, timeline) = (plan, planned.timeline)
        if let cap = options.packetsPerSecond {
            // Its offsets are real time: the speed is in them.
            timeline = CappedTimeline(timeline, perSecond: cap, speed: plan.speed)
            plan.speed = 1
        }
        let sockets = try connect(to: target, options)
        defer { sockets.stop() }
        let witness = try makeLedger().map { ReplayWitness($0, promise) }
        defer { removeScratchLedger() }
        var summary = try replay(plan, timeline, over: .target(sockets), witness, start)
        summary.add(sockets.report(), of: target.target)
        summary.speed = self.plan.speed
        return summary
    }

    /// To a broker of our own in a process of its own.
    /// - Parameter time: after which it is killed and started again; nil: never.
    func run(
        as inside: InProcessPlan, killedAfter time: Nanoseconds?
    ) throws(ReplayError) -> ReplaySummary {
        let inside = adapted(inside, to: "/broker")
        defer { try? FileManager.default.removeItem(atPath: inside.directory) }
        let broker = BrokerProcess(BrokerPlan(inside))
        do throws(TrialError) { try broker.start() } catch {
            throw .environment(error.description)
        }
        let sockets = try connect(to: try loopback(broker.port), SocketOptions())
        defer { sockets.stop() }
        let ledger = try makeLedger()
        defer { removeScratchLedger() }
        var summary: ReplaySummary
        if let ledger, let time {
            summary = try replay(over: sockets, killing: broker, after: time, inside, ledger)
        } else {
            let witness = ledger.map { ReplayWitness($0, inside.promise) }
            summary = try replay(plan, planned.timeline, over: .target(sockets), witness, start)
            if summary.stopped == nil { summary.stopped = broker.unexpectedEnd }
        }
        summary.add(sockets.report(), of: sockets.target)
        (summary.acknowledgeMode, summary.engine) = (inside.durability.id, inside.engine.id)
        return summary
    }

    private func replay(
        over sockets: SocketTransport, killing broker: sending BrokerProcess,
        after time: Nanoseconds, _ inside: InProcessPlan, _ ledger: Ledger
    ) throws(ReplayError) -> ReplaySummary {
        var plan = plan
        plan.clients.reconnectAfter = Self.reconnectAfter
        let start = start
        let crash = BrokerCrash(of: broker, at: start + time, ledger: ledger)
        let witness = ReplayWitness(ledger, inside.promise, crash: crash)
        var summary = try replay(plan, planned.timeline, over: .target(sockets), witness, start)
        if summary.stopped == nil { summary.stopped = crash.unexpectedEnd }
        if !crash.isOver, summary.stopped == nil {
            summary.stopped =
                "the run was over before the broker was to be killed; choose an earlier --crash-at"
        }
        return summary
    }

    private func replay(
        _ plan: ReplayPlan, _ timeline: any Timeline, over side: ReplaySide,
        _ witness: ReplayWitness?, _ start: MonotonicTime
    ) throws(ReplayError) -> ReplaySummary {
        let run = ReplayRun(
            plan, over: side, witness: witness,
            log: session.output.map { $0 + "/latencies.hlog" })
        return try run.run(
            timeline, from: start, telling: tell, stopIf: session.interruption)
    }

    private var start: MonotonicTime { .now() + Self.ahead }

    /// What the plan of the traffic asks of the broker.
    private func adapted(_ inside: InProcessPlan, to name: String) -> InProcessPlan {
        var inside = inside
        inside.directory = session.folder + name
        if let seconds = planned.retention { inside.retention = .seconds(Double(seconds)) }
        if let scale = planned.scale { inside.scale(by: scale) }
        return inside
    }

    private func connect(
        to target: ResolvedTarget, _ options: SocketOptions
    ) throws(ReplayError) -> SocketTransport {
        do { return try SocketTransport(target, options) } catch { throw .environment("\(error)") }
    }

    private func loopback(_ port: Int) throws(ReplayError) -> ResolvedTarget {
        do throws(TargetError) {
            return try Target(parsing: "mqtt://127.0.0.1:\(port)").resolved(isOwned: false)
        } catch { throw .environment("\(error)") }
    }

    /// - Returns: nil if nobody accounts for single messages.
    private func makeLedger() throws(ReplayError) -> Ledger? {
        do throws(LedgerError) {
            return switch session.ledger {
            case .scratch: try Ledger(creating: scratchLedger)
            case .file(let path): try Ledger(creating: path)
            case nil: nil
            }
        } catch { throw .environment("\(error)") }
    }

    private func removeScratchLedger() {
        try? FileManager.default.removeItem(atPath: scratchLedger)
    }

    private var scratchLedger: String { session.folder + "/ledger" }
}
