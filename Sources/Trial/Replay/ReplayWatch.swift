internal import Dispatch
internal import Measure
internal import Replay
internal import Storage
internal import Synchronization

/// Tells once a second how a replay goes, and writes the latencies of that second into a log, from a thread of its
/// own: a terminal or a disk that does not take what it is given makes no packet late.
final class ReplayWatch: Sendable {
    private struct State {
        var seen = Seen()
        /// What was seen in the second before.
        var before: Look
        var log: LatencyLog?
        var failure: LatencyLogError?
        var stopped = false
        var thread: JoinedThread?
    }

    /// What the generator counted when it was last asked, and the latencies since the time before.
    fileprivate struct Seen {
        var sent = 0, acknowledged = 0, delivered = 0, unanswered = 0
        var latencies = Latencies()
    }

    private static let interval = Nanoseconds.seconds(1)

    private let state: Mutex<State>
    private let wanted = Atomic(false)
    private let answered = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)
    private let start: MonotonicTime
    /// Nil if the broker is in another process.
    private let store: ShardedStore?
    private let tell: @Sendable (ReplayProgress) -> Void

    /// - Parameter log: path of the log; nil for none.
    /// - Throws: why the log cannot be made.
    init(
        from start: MonotonicTime, of store: ShardedStore?, log: String?,
        tell: @escaping @Sendable (ReplayProgress) -> Void
    ) throws(LatencyLogError) {
        (self.start, self.store, self.tell) = (start, store, tell)
        var first = State(before: Look(Seen(), of: store, at: start))
        if let log {
            // The wall clock when the timeline begins, which is a moment from now.
            let ahead = (start - .now()).count / 1_000_000
            first.log = try LatencyLog(
                log, from: start,
                wallClock: UInt64(Int64(wallClockMilliseconds()) + ahead), of: "dstune replay")
        }
        state = Mutex(first)
    }

    /// Why the log is not whole, if so.
    var failure: LatencyLogError? { state.withLock { $0.failure } }

    /// From the generator's thread, often.
    func offer(from replayer: Replayer) {
        guard wanted.exchange(false, ordering: .relaxed) else { return }
        let seen = Seen(replayer)
        state.withLock { $0.seen = seen }
        answered.signal()
    }

    func begin() throws(ThreadError) {
        let thread = try JoinedThread { [self] in run() }
        state.withLock { $0.thread = thread }
    }

    /// From the generator's thread: what it counted since it was last asked is logged too.
    func finish(from replayer: Replayer) {
        end()
        let seen = Seen(replayer)
        state.withLock { $0.seen = seen }
        _ = look()
    }

    /// Ends the thread and waits for it: a store that is still looked at cannot be closed.
    func end() {
        let thread = state.withLock { state in
            state.stopped = true
            defer { state.thread = nil }
            return state.thread
        }
        ended.signal()
        answered.signal()
        thread?.join()
    }

    private func run() {
        var due = start + Self.interval
        while true {
            let left = max(0, (due - .now()).count)
            _ = ended.wait(timeout: .now() + .nanoseconds(Int(left)))
            wanted.store(true, ordering: .relaxed)
            // A generator that does not answer is stuck in a send: its last counts are told. If it answers just
            // then, that answer is not to be taken for the next one.
            if answered.wait(timeout: .now() + .milliseconds(500)) == .timedOut,
                !wanted.exchange(false, ordering: .relaxed)
            {
                answered.wait()
            }
            guard !state.withLock({ $0.stopped }) else { return }
            tell(look())
            while due <= .now() { due = due + Self.interval }
        }
    }

    /// What there is to say of the time since the last look.
    private func look() -> ReplayProgress {
        let seen = state.withLock { state in
            // Its latencies are told once.
            defer { state.seen.latencies = Latencies() }
            return state.seen
        }
        let look = Look(seen, of: store, at: .now())
        return state.withLock { state in
            let before = state.before
            state.before = look
            do throws(LatencyLogError) {
                try state.log?.append(seen.latencies, from: before.time, to: look.time)
                if let durable = look.durable(since: before) {
                    try state.log?.append(
                        [("durable", durable)], from: before.time, to: look.time)
                }
            } catch {
                state.failure = state.failure ?? error
                state.log = nil
            }
            return look.since(before, from: start)
        }
    }
}

extension ReplayWatch.Seen {
    fileprivate init(_ replayer: Replayer) {
        let recorder = replayer.recorder
        (sent, acknowledged) = (recorder.sent.total, recorder.acknowledged.total)
        (delivered, unanswered) = (recorder.delivered.total, replayer.unanswered)
        latencies = replayer.takeInterval()
    }
}

/// What can be seen of a replay at one moment.
private struct Look {
    let time: MonotonicTime
    private let seen: ReplayWatch.Seen
    private let durable: LatencyHistogram?
    private let stall: Nanoseconds?
    private let gauges: ShardedStore.Gauges?

    init(_ seen: ReplayWatch.Seen, of store: ShardedStore?, at time: MonotonicTime) {
        (self.seen, self.time) = (seen, time)
        durable = store?.measured().durable
        stall = store?.stallTime
        gauges = store?.gauges()
    }

    /// Of messages that were committed since then.
    func durable(since before: Look) -> LatencyHistogram? {
        guard let durable, let earlier = before.durable else { return nil }
        return durable.since(earlier)
    }

    func since(_ before: Look, from start: MonotonicTime) -> ReplayProgress {
        let seconds = max(1e-3, (time - before.time).seconds)
        func rate(_ count: KeyPath<ReplayWatch.Seen, Int>) -> Double {
            let grown = seen[keyPath: count] - before.seen[keyPath: count]
            return (Double(grown) / seconds * 10).rounded() / 10
        }
        var stalled: Double?
        if let stall, let earlier = before.stall {
            stalled = Double((stall - earlier).count / 10_000) / 100
        }
        return ReplayProgress(
            seconds: ((time - start).seconds * 10).rounded() / 10,
            sent_per_s: rate(\.sent), acknowledged_per_s: rate(\.acknowledged),
            delivered_per_s: rate(\.delivered),
            puback_p99_us: seen.latencies.puback.percentile(99)?.microseconds,
            durable_p99_us: durable(since: before)?.percentile(99)?.microseconds,
            lag_p99_us: seen.latencies.lag.percentile(99)?.microseconds,
            backlog: gauges?.depth ?? seen.unanswered, l0_files: gauges?.l0FilesMax,
            stall_ms: stalled, stalled_shards: gauges.map { $0.stoppedShards + $0.delayedShards })
    }
}
