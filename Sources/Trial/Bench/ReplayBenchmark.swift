internal import Broker
internal import Foundation
internal import Knobs
internal import Measure
internal import Replay
internal import Storage
internal import Traffic

/// What replaying costs in process: at full speed beside raw puts of the same rows, on a schedule, and with many clients.
///
/// QoS 1, 200 bytes, 16 shards, EMQX's options at full scale; a durable subscriber that matches all of it is away.
package struct ReplayBenchmark {
    /// Microseconds of CPU for each publish, by who spent them.
    package struct CPU: Codable, Sendable {
        /// The replay's own, without waiting.
        package let generator_us: Double
        /// The session layer's, on the same thread. Taken on the clock, so that what preempts it counts too.
        package let broker_us: Double
        /// Threads that write batches and keep time.
        package let storage_us: Double
        /// RocksDB's flushes and compactions.
        package let rocksdb_us: Double
        /// Waiting: staying awake, and the kernel's for sleeping and waking up on time.
        package let spun_us: Double
        package let waking_us: Double
        /// The generator's part of all CPU of the process, waiting left out of both.
        package let generator_share: Double
    }

    package struct Row: Codable, Sendable {
        package let replay_publishes_per_s: Double
        package let raw_publishes_per_s: Double
        package let ratio: Double
        /// Of each pair of runs, in order.
        package let ratios: [Double]
        package let publishes: Int
        package let cpu: CPU
        /// Heap bytes that the replay's thread allocated per publish in the second half of the schedule, when buffers have
        /// their size, the session layer's among them.
        package let allocated_bytes_per_publish: Double

        package let scheduled_per_s: Int
        package let schedule_error_p50_us: Double
        package let schedule_error_p99_us: Double
        package let schedule_error_p999_us: Double
        package let schedule_error_max_us: Double
        package let scheduled_cpu: CPU
        package let stays_awake: Bool
        package let real_time: Bool

        package let clients: Int
        package let connects_per_s: Double
        /// By which jemalloc's `stats.allocated` grew for each, the broker's session among it.
        package let bytes_per_client: Int

        package let optimised_build: Bool
        package let rocksdb: String
    }

    /// How much is done in each part.
    package struct Plan: Sendable {
        package var publishes = 500_000
        package var pairs = 3
        package var rate = 20_000
        package var seconds = 10
        package var clients = 50_000

        package init() {}
    }

    private static let settleBound = Nanoseconds.seconds(120)
    private static let lead = Nanoseconds.milliseconds(500)
    private let plan: Plan
    private let directory: String

    /// - Parameter directory: a scratch directory that exists; what is written below it is removed.
    package init(_ plan: Plan, directory: String) {
        (self.plan, self.directory) = (plan, directory)
    }

    /// - Parameter progress: called with one line before each run.
    package func run(progress: (String) -> Void) throws -> Row {
        var fast: [Run] = [], raw: [Double] = []
        for pair in 1...plan.pairs {
            progress("pair \(pair) of \(plan.pairs): replay at full speed")
            fast.append(
                try inScratch {
                    try replay(
                        publishers: BenchTraffic.clients, publishes: plan.publishes,
                        interval: .zero, speed: .infinity, at: $0)
                })
            progress("pair \(pair) of \(plan.pairs): raw RocksDB loop")
            raw.append(try inScratch { try BenchTraffic.rawRate(plan.publishes, options, at: $0) })
        }
        progress("\(plan.rate) messages per second for \(plan.seconds) s")
        let paced = try inScratch {
            try replay(
                publishers: BenchTraffic.clients, publishes: plan.rate * plan.seconds,
                interval: Nanoseconds(1_000_000_000 / Int64(plan.rate)), speed: 1, at: $0)
        }
        guard let allocated = paced.allocatedPerPublish else {
            throw TrialError.environment(
                "the schedule was over before the second half of it could be measured: use more --seconds"
            )
        }
        progress("\(plan.clients) clients")
        let many = try inScratch {
            try replay(
                publishers: plan.clients, publishes: plan.clients, interval: .zero,
                speed: .infinity, at: $0)
        }
        let rates = fast.map(\.rate)
        let ratios = zip(rates, raw).map { $0 / $1 }
        func lag(_ percentile: Double) -> Double {
            (paced.lag.percentile(percentile)?.seconds ?? 0) * 1e6
        }
        return Row(
            replay_publishes_per_s: quantile(rates, 0.5), raw_publishes_per_s: quantile(raw, 0.5),
            ratio: quantile(ratios, 0.5), ratios: ratios, publishes: plan.publishes,
            cpu: fast[fast.count / 2].cpu,
            allocated_bytes_per_publish: allocated,
            scheduled_per_s: plan.rate, schedule_error_p50_us: lag(50),
            schedule_error_p99_us: lag(99), schedule_error_p999_us: lag(99.9),
            schedule_error_max_us: (paced.lag.maximum?.seconds ?? 0) * 1e6,
            scheduled_cpu: paced.cpu, stays_awake: paced.spun > .zero, real_time: paced.isRealTime,
            clients: plan.clients,
            connects_per_s: many.connectsPerSecond, bytes_per_client: many.bytesPerClient,
            optimised_build: isOptimisedBuild, rocksdb: RocksEngine.version)
    }

    /// What one replay showed.
    private struct Run {
        var rate = 0.0
        var cpu: CPU
        var lag: LatencyHistogram
        var spun: Nanoseconds
        var isRealTime: Bool
        /// Nil without a schedule whose half was seen.
        var allocatedPerPublish: Double?
        var connectsPerSecond = 0.0
        var bytesPerClient = 0
    }

    private var options: StoreOptions {
        StoreOptions(engine: .emqx58Local, setting: Setting())
    }

    private func replay(
        publishers: Int, publishes: Int, interval: Nanoseconds, speed: Double, at path: String
    ) throws -> Run {
        let store = try ShardedStore(at: path, options, on: RocksEngine())
        defer { store.close() }
        let broker = SessionLayer(store: store)
        let transport = InProcessTransport(broker, store: store)
        let timeline = try BenchTimeline(
            publishers: publishers, publishes: publishes, interval: interval, lead: Self.lead)
        let memory = Allocator.read()?.allocated
        let start = MonotonicTime.now()
        let replayer = Replayer(
            timeline, over: transport,
            on: Schedule(
                start: start, speed: speed, warmUp: speed < .infinity ? Self.lead : .zero))
        // Publishing begins when all are connected: what comes before is counted apart.
        var began = Beginning(broker: transport.busy)
        var half: Steady?
        let halfway = start + Self.lead + Nanoseconds(interval.count * Int64(publishes) / 2)
        let end = try replayer.run {
            if let failure = store.failure { return "\(failure)" }
            if !began.isTaken, speed < .infinity, MonotonicTime.now() >= start + Self.lead {
                began = Beginning(taken: transport.busy)
            }
            if half == nil, began.isTaken, MonotonicTime.now() >= halfway {
                half = Steady(sent: replayer.recorder.sent.total)
            }
            return nil
        }
        guard end == .finished else { throw TrialError.environment("the replay ended: \(end)") }
        let replayed = MonotonicTime.now() - start
        let grown = Self.growth(from: memory, by: publishers)
        let thread = ThreadTimes.now().caller
        let session = transport.busy - began.broker
        let steady = half.map { Steady(sent: replayer.recorder.sent.total) - $0 }
        try settle(replayer, store)
        let took = MonotonicTime.now() - start
        precondition(
            replayer.recorder.acknowledged.total == publishes || began.isTaken,
            "every publish is acknowledged")
        var times = ThreadTimes.now() - began.times
        // Waiting for the store's buffers is not part of replaying.
        times.caller = thread - began.times.caller
        let count = began.isTaken ? replayer.recorder.sent.total : publishes
        let (spun, waking) = (replayer.cpu.spun, replayer.cpu.waking)
        func each(_ time: Nanoseconds) -> Double { time.seconds * 1e6 / Double(max(1, count)) }
        let generator = max(.zero, times.caller - session - spun - waking)
        return Run(
            rate: Double(publishes) / took.seconds,
            cpu: CPU(
                generator_us: each(generator), broker_us: each(session),
                storage_us: each(times.others), rocksdb_us: each(times.rocksdb),
                spun_us: each(spun), waking_us: each(waking),
                generator_share: generator.seconds
                    / max(1e-9, (times.total - spun - waking).seconds)),
            lag: replayer.recorder.lag, spun: spun, isRealTime: replayer.isRealTime,
            allocatedPerPublish: steady.map { Double($0.allocated) / Double(max(1, $0.sent)) },
            connectsPerSecond: Double(publishers) / replayed.seconds, bytesPerClient: grown)
    }

    /// Counters as the measured part of a run begins.
    private struct Beginning {
        var isTaken = false
        var times = ThreadTimes.now()
        var broker: Nanoseconds

        init(broker: Nanoseconds) { self.broker = broker }
        init(taken broker: Nanoseconds) { (isTaken, self.broker) = (true, broker) }
    }

    /// What the thread has allocated, and sent.
    private struct Steady {
        var allocated = Allocator.allocatedByThisThread
        var sent: Int

        static func - (a: Steady, b: Steady) -> Steady {
            Steady(allocated: a.allocated - b.allocated, sent: a.sent - b.sent)
        }
    }

    private static func growth(from before: Bytes?, by clients: Int) -> Int {
        guard let before, let after = Allocator.read()?.allocated, after > before else { return 0 }
        return Int(after.count - before.count) / clients
    }

    /// Until everything is stored and answered.
    private func settle(_ replayer: Replayer, _ store: ShardedStore) throws {
        let end = MonotonicTime.now() + Self.settleBound
        replayer.settle(until: end) {
            store.failure != nil || store.depth == 0 && replayer.unanswered == 0
        }
        if let failure = store.failure { throw failure }
        guard store.depth == 0, replayer.unanswered == 0 else {
            throw TrialError.environment(
                "\(directory): \(store.depth) messages were not stored within "
                    + "\(Int(Self.settleBound.seconds)) s; use a faster disk or fewer --publishes")
        }
    }

    private func inScratch<Result>(_ body: (String) throws -> Result) throws -> Result {
        let path = directory + "/run"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(path)
    }
}
