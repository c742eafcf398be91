internal import MQTT
package import Measure
package import Traffic

/// Lives the clients of a timeline on time over a transport, open loop: what is due is sent whether or not earlier
/// messages were answered, as far as the protocol lets a client, and every latency counts from when the plan said to
/// send.
///
/// Confined to one thread. `dstune bench replay` counts what it allocates for a message.
package final class Replayer {
    /// Why a replay ended.
    package enum End: Sendable, Equatable {
        /// The timeline is over.
        case finished
        case windowOver
        /// The caller's guard said stop, with this reason, or a limit was passed.
        case stopped(String)
    }

    let timeline: any Timeline
    let transport: any Transport
    let schedule: Schedule
    let options: ReplayOptions
    private var pacer: Pacer

    /// By their numbers in the timeline.
    var clients: [VirtualClient] = []
    /// Which client a transport's connection belongs to.
    var owners: [Int: Int] = [:]
    /// In the order in which they were set where they are due together, so that acknowledgements keep the order of
    /// deliveries [MQTT-4.6.0-2].
    var timers = DueQueue<MonotonicTime, ClientTimer>()
    var deferred = DeferredSteps()
    var copies = ByteStore()
    /// Clients whose steps may have become possible; taken up between arrivals.
    var ready: [Int] = []
    var takingUp: [Int] = []
    /// Clients that are still connected at the end of a recording.
    private var staying: [Int] = []
    /// The packet that is being sent, and one that waited.
    var outgoing: [UInt8] = []
    var waited: [UInt8] = []

    package internal(set) var recorder = Recorder()
    package private(set) var cpu = GeneratorCPU()
    /// Its thread ran before everything else that wanted its core: asked for where it sleeps, refused to most users.
    package private(set) var isRealTime = false
    /// When the last packet came.
    package internal(set) var lastHeard: MonotonicTime
    /// Deliveries whose acknowledgement their subscriber still takes its time for.
    package internal(set) var unacknowledgedDeliveries = 0
    /// Messages at QoS 1 and 2 that were sent and are without PUBACK or PUBREC.
    package internal(set) var unanswered = 0
    /// Whether a client that is there, or comes back by itself, still waits for the end of an exchange at QoS 1 or 2.
    /// Those that have left for good wait for nothing. Walks over all clients.
    package var awaitsAnswers: Bool {
        unanswered > 0 && clients.contains { $0.link != .down && $0.inFlight.publishes > 0 }
    }
    /// Steps that wait for CONNACK, for room in the broker's Receive Maximum, or for a connection.
    package var waiting: Int { deferred.count }

    package init(
        _ timeline: any Timeline, over transport: any Transport, on schedule: Schedule,
        _ options: ReplayOptions = ReplayOptions()
    ) {
        self.timeline = timeline
        self.transport = transport
        self.schedule = schedule
        self.options = options
        lastHeard = schedule.start
        pacer = Pacer(spins: options.spins ?? Pacer.hasCoresToSpare)
    }

    /// Replays until the timeline or the measured window is over.
    /// - Parameter guarded: asked every 100 ms or so, and as the window opens; a reason ends the replay.
    /// - Throws: what is wrong with the recording.
    package func run(stopIf guarded: () -> String? = { nil }) throws(CaptureError) -> End {
        let tuning = ThreadTuning(
            pins: options.pins ?? Pacer.hasCoresToSpare,
            realTime: options.realTime ?? (schedule.isPaced && Pacer.mayGoFirst && !pacer.spins))
        isRealTime = tuning.isRealTime
        let before = GeneratorCPU.ofThisThread()
        defer {
            cpu.thread = cpu.thread + (GeneratorCPU.ofThisThread() - before)
            (cpu.spun, cpu.waking) = (pacer.spun, pacer.waking)
            tuning.undo()
        }
        guardDue = schedule.start
        while let step = try timeline.next() {
            if step.kind == .closed(.endOfCapture) {
                staying.append(step.client)
                continue
            }
            hangUp()
            if let reason = makeRoom(guarded) { return .stopped(reason) }
            let due = schedule.isPaced ? schedule.due(step.offset) : .now()
            let isOver = due >= schedule.windowEnd
            if let reason = wait(until: min(due, schedule.windowEnd), guarded) {
                return .stopped(reason)
            }
            guard !isOver else { return .windowOver }
            let now = MonotonicTime.now()
            if schedule.isPaced, schedule.isMeasured(due) {
                recorder.interval.lag.record(now - due)
            }
            take(step, due: due, at: now)
            turn(at: now)
            if now >= guardDue, let reason = ask(guarded, at: now) { return .stopped(reason) }
        }
        return .finished
    }

    /// Reads off what was recorded since the last call, as for a line of a log.
    package func takeInterval() -> Latencies { recorder.takeInterval() }

    /// Clients that were connected when their recording ended hang up, where it begins again or when all is done: until
    /// then they take what is still on its way to them.
    package func hangUp() {
        guard !staying.isEmpty else { return }
        let now = MonotonicTime.now()
        for index in staying {
            take(
                TimelineStep(offset: .zero, client: index, kind: .closed(.endOfCapture)), due: now,
                at: now)
        }
        staying.removeAll(keepingCapacity: true)
        turn(at: now)
    }

    /// After the replay: answers what still arrives, until `done` or `deadline`.
    package func settle(until deadline: MonotonicTime, done: () -> Bool) {
        while !done() {
            let now = MonotonicTime.now()
            guard now < deadline else { return }
            let next = min(deadline, timers.next ?? deadline, now + .milliseconds(20))
            transport.wait(until: next)
            turn(at: .now())
        }
    }

    func plan(_ kind: ClientTimer.Kind, of index: Int, at due: MonotonicTime) {
        timers.add(ClientTimer(client: index, kind: kind), at: due)
    }

    private static let guardInterval = Nanoseconds.milliseconds(100)
    private var guardDue = MonotonicTime(nanoseconds: 0)

    private func ask(_ guarded: () -> String?, at now: MonotonicTime) -> String? {
        guardDue = now + Self.guardInterval
        // Counters are first read as the window opens.
        if now < schedule.windowStart { guardDue = min(guardDue, schedule.windowStart) }
        return guarded() ?? overload
    }

    private var overload: String? {
        if deferred.count > options.deferredLimit {
            return "overload: \(deferred.count) packets waited for the target to take them"
        }
        if copies.kept > options.keptBytesLimit {
            return "overload: \(copies.kept >> 20) MB of messages waited for the target's answer"
        }
        return nil
    }

    private func wait(until due: MonotonicTime, _ guarded: () -> String?) -> String? {
        var now = MonotonicTime.now()
        while now < due {
            let next = min(due, timers.next ?? due, guardDue)
            let isAwake = pacer.pass(until: next, at: now, on: transport)
            let then = MonotonicTime.now()
            let hasWorked = turn(at: then)
            if isAwake, !hasWorked { pacer.wasted(.now() - now) }
            if then >= guardDue, let reason = ask(guarded, at: then) { return reason }
            now = then
        }
        return nil
    }

    /// At infinite speed only the target's answers hold the sender back, for as long as any client would wait.
    private func makeRoom(_ guarded: () -> String?) -> String? {
        guard !schedule.isPaced, unanswered + deferred.count >= options.unansweredLimit else {
            return nil
        }
        let end = MonotonicTime.now() + options.patience
        while unanswered + deferred.count >= options.unansweredLimit {
            let now = MonotonicTime.now()
            guard now < end else {
                return "the target has not answered \(unanswered) messages for "
                    + "\(Int(options.patience.seconds)) s"
            }
            transport.wait(until: min(now + .milliseconds(1), timers.next ?? end))
            turn(at: .now())
            if now >= guardDue, let reason = ask(guarded, at: now) { return reason }
        }
        return nil
    }

    /// Takes what has arrived, and does what clients have become able to do, until there is no more of it.
    /// - Returns: whether there was anything.
    @discardableResult
    private func turn(at now: MonotonicTime) -> Bool {
        var hasWorked = false
        while let due = timers.next, due <= now, let timer = timers.take() {
            hasWorked = true
            fire(timer, at: now)
        }
        repeat {
            if receive(at: now) { hasWorked = true }
        } while takeUp(at: now)
        return hasWorked
    }
}
