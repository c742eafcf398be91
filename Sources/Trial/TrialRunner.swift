internal import Broker
internal import Foundation
internal import Measure
internal import Replay
internal import Storage
package import Study
package import Traffic

/// One experiment: opens a store with the setting, a fresh one or a clone of the study's start state, replays
/// the trace through sessions into it, lets it drain, and says what happened. Runs in a process of its own,
/// because a trial must be able to die.
package struct TrialRunner {
    private let spec: TrialSpec
    private let trace: Trace
    private let conditions: TrialConditions
    private var engine: RocksEngine { conditions.engine }

    /// Messages that may wait before the trial is called overloaded: at a kilobyte each this is two
    /// gigabytes, which a sweep's machine has and its operator would not want filled.
    private static let depthLimit = 2_000_000
    /// How long buffers and compaction may take to empty after the window.
    private static let drainBound = Nanoseconds.seconds(30)
    /// A trial is called generator-bound when the sender was later than this at p99, or than a tenth of
    /// the objective, whichever is more: the objective contains the lag, and a tenth of it is what a
    /// comparison bears. 5 ms is the shortest flush interval in the catalogue.
    private static let lagLimit = Nanoseconds.milliseconds(5)
    private static let sampleInterval = Nanoseconds.milliseconds(250)

    /// - Throws: `.unknownEngine`, `.environment`.
    package init(_ spec: TrialSpec, trace: Trace) throws(TrialError) {
        self.spec = spec
        self.trace = trace
        conditions = try TrialConditions(spec)
    }

    /// Runs to the end and leaves `samples.tsv` and `events.tsv` in the trial's directory.
    /// - Throws: `.environment` when the store cannot be opened or written, `.overload`.
    package func run() throws(TrialError) -> TrialResult {
        let started = wallClockMilliseconds()
        let data = spec.directory + "/data"
        if let start = spec.start {
            guard let aged = try AgedDatabase.read(start) else {
                throw .environment("\(start): there is no start state; start the study again")
            }
            try aged.clone(start, to: data)
        }
        let opening = MonotonicTime.now()
        let store = try Yielding.open(data, conditions.options, on: engine)
        let opened = MonotonicTime.now() - opening
        defer { store.close() }
        // What this setting wants compacted that the control had left is its debt, not the traffic's.
        let debt = store.rest(within: Self.drainBound)

        let broker = SessionLayer(store: store)
        let transport = InProcessTransport(broker, store: store)
        let schedule = Schedule(
            start: .now() + .milliseconds(50), speed: spec.scale.speed,
            warmUp: spec.scale.warmUp, window: spec.scale.window)
        store.measure(from: schedule.windowStart, to: schedule.windowEnd)
        let sampler = Sampler(of: store, directory: data, every: Self.sampleInterval)
        defer { _ = sampler.stop() }
        do throws(ThreadError) { try sampler.start() } catch {
            throw .environment(error.description)
        }
        let load = BrokerLoad(
            perMessage: conditions.brokerCPU,
            threads: ProcessInfo.processInfo.activeProcessorCount
        ) { store.accepted }
        defer { load.stop() }
        do throws(ThreadError) { try load.start() } catch {
            throw .environment(error.description)
        }
        var window = MeasuredWindow(engine: engine, store: store, load: load)
        let replayer = Replayer(looping: trace, over: transport, on: schedule)
        let end = replay(replayer) {
            window.observe(at: .now(), schedule: schedule)
            return self.reasonToStop(store)
        }
        window.close(at: .now())
        if case .stopped(let reason) = end {
            if let failure = store.failure { throw .environment("\(failure)") }
            throw .overload(reason)
        }
        let drain = drain(store, broker, replayer)
        window.drained()
        sampler.look()
        let samples = sampler.stop()
        if let failure = store.failure { throw .environment("\(failure)") }
        var result = result(
            of: window, replayer.recorder, broker.counters, store, samples, schedule, drain, opened)
        result.values["start_debt_s"] = debt.took.seconds
        if !debt.done { result.caveats.append(.startNotDrained(after: Self.drainBound)) }
        result.started = started
        result.ended = wallClockMilliseconds()
        try write(Sample.table(samples, from: schedule.windowStart), to: "samples.tsv")
        try write(EventLog.table(window.events, from: schedule.windowStart), to: "events.tsv")
        return result
    }

    private func replay(_ replayer: Replayer, stopIf guarded: () -> String?) -> Replayer.End {
        do throws(CaptureError) { return try replayer.run(stopIf: guarded) } catch {
            return .stopped(error.description)
        }
    }

    private func reasonToStop(_ store: ShardedStore) -> String? {
        if let failure = store.failure { return "\(failure)" }
        guard store.depth < Self.depthLimit else {
            return "overload: \(store.depth) messages waited to be stored; lower --speed"
        }
        return nil
    }

    /// Waits until every accepted message is durable, every answer that waited for that is given and compaction
    /// rests, or the bound.
    private func drain(
        _ store: ShardedStore, _ broker: SessionLayer, _ replayer: Replayer
    ) -> (took: Nanoseconds, done: Bool) {
        let began = MonotonicTime.now()
        replayer.settle(until: began + Self.drainBound) {
            store.depth == 0 && broker.heldAnswers == 0 && store.gauges().busyShards == 0
        }
        let took = MonotonicTime.now() - began
        return (took, took < Self.drainBound)
    }

    private func result(
        of window: MeasuredWindow, _ recorder: Recorder, _ counters: SessionLayer.Counters,
        _ store: ShardedStore, _ samples: [Sample], _ schedule: Schedule,
        _ drain: (took: Nanoseconds, done: Bool), _ opened: Nanoseconds
    ) -> TrialResult {
        let measured = store.measured()
        let histograms = [
            "durable": measured.durable, "flush": measured.flush, "puback": recorder.puback,
            "pubrec": recorder.pubrec, "lag": recorder.lag, "log_wait": measured.logWait,
        ]
        let cycles = window.l0Cycles
        let seconds = spec.scale.window.seconds
        let inWindow = samples.filter {
            schedule.windowStart <= $0.time && $0.time < schedule.windowEnd
        }
        var counts: [String: Double] = [
            "l0_cycles": Double(cycles), "flushes": Double(window.flushes),
            "l0_files_max": Double(inWindow.map(\.store.l0FilesMax).max() ?? 0),
            "buffer_depth_max": Double(store.depthMax), "stored": Double(measured.stored),
            "stored_per_s": Double(measured.committed) / seconds,
            "published": Double(recorder.sent.total),
            "acknowledged": Double(recorder.acknowledged.total),
            "delivered": Double(recorder.delivered.total),
            "unsent": Double(recorder.unsent), "refused": Double(recorder.refused),
            "connections_dropped": Double(recorder.dropped),
            "deliveries_dropped": Double(counters.dropped),
            "not_stored_by_the_end": Double(store.depth), "drain_s": drain.took.seconds,
            "cpu_s": window.cpu.seconds,
            "broker_cpu_s": window.burned.seconds,
            "shared_log_bytes": Double(window.logged.count), "open_s": opened.seconds,
            "memtable_bytes_peak": Double(inWindow.map(\.store.memtables.count).max() ?? 0),
            "delayed_write_min_bytes_per_s": inWindow.map(\.store.delayedWriteRate)
                .filter { $0 > .zero }.min().map { Double($0.count) } ?? 0,
            "disk_bytes_end": Double(samples.last?.disk.count ?? 0),
        ]
        let memory = inWindow.compactMap(\.memory)
        for (name, bytes) in [
            ("allocated", \Allocator.allocated), ("active", \.active), ("resident", \.resident),
        ] as [(String, KeyPath<Allocator, Bytes>)] {
            counts[name + "_bytes_peak"] = memory.map { Double($0[keyPath: bytes].count) }.max()
            counts[name + "_bytes_end"] = memory.last.map { Double($0[keyPath: bytes].count) }
        }
        counts["write_amplification"] = window.writeAmplification
        counts.merge(window.stalls.counters) { $1 }

        var values: [String: Double] = [:]
        for metric in Metric.catalogue {
            values[metric.id] =
                switch metric.source {
                case .latency(let name, let percentile):
                    histograms[name]?.percentile(percentile)?.seconds
                case .ticker(let name, let factor):
                    window.ticker(name).map { Double($0) * factor }
                case .counter(let name): counts[name]
                }
        }
        var result = TrialResult(
            number: spec.number, ending: .finished, values: values,
            histograms: histograms.filter { $0.value.count > 0 }, started: 0, ended: 0)
        result.caveats = caveats(
            cycles: cycles, recorder, measured.durable, inWindow, store.depth, drain.done)
        do throws(RocksError) {
            result.effective = try store.effectiveOptions()
            result.remarks = try store.notHonoured()
        } catch {
            result.remarks.append("the options in force could not be read back: \(error)")
        }
        return result
    }

    private func caveats(
        cycles: Int, _ recorder: Recorder, _ durable: LatencyHistogram, _ samples: [Sample],
        _ left: Int, _ drained: Bool
    ) -> [Caveat] {
        var caveats: [Caveat] = []
        let limit = max(Self.lagLimit, (durable.percentile(99) ?? .zero) / 10)
        if let p99 = recorder.lag.percentile(99), p99 > limit {
            caveats.append(.generatorBound(lagP99: p99, limit: limit))
        }
        if cycles < spec.scale.cyclesNeeded {
            caveats.append(.tooFewCycles(count: cycles, needed: spec.scale.cyclesNeeded))
        }
        // Ten samples beyond the 99th percentile, so that one message does not decide it.
        if durable.count < 1_000 {
            caveats.append(.tooFewSamples(count: durable.count, needed: 1_000))
        }
        if left > 0 { caveats.append(.notStored(count: left)) }
        if !drained { caveats.append(.notDrained(after: Self.drainBound)) }
        if recorder.unsent > 0 { caveats.append(.notSent(count: recorder.unsent)) }
        if let growth = samples.queueGrowth { caveats.append(growth) }
        return caveats
    }

    private func write(_ text: String, to name: String) throws(TrialError) {
        do {
            try text.write(
                toFile: spec.directory + "/" + name, atomically: true, encoding: .utf8)
        } catch {
            throw .environment(
                "\(spec.directory)/\(name): cannot be written (\(error)); free space on that disk")
        }
    }
}
