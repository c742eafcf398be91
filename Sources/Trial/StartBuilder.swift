internal import Broker
internal import Foundation
internal import Glibc
internal import Measure
internal import Replay
internal import Storage
package import Study
package import Traffic

/// Builds the start state of a study: the trace's durable publishes, through real sessions and the real
/// write path with the control's settings, over and over with timestamps that go through the days before;
/// then flushed and compacted until nothing is left to do.
package struct StartBuilder {
    private let spec: StartSpec
    private let model: EngineModel

    /// Messages that may wait for the writers: enough for full batches in every shard, and no more memory
    /// than that.
    private static let waiting = 100_000
    /// How long the last flushes and compactions may take: a night would not be over for longer.
    private static let restBound = Nanoseconds.seconds(3_600)

    /// - Throws: `.unknownEngine`.
    package init(_ spec: StartSpec) throws(TrialError) {
        guard let model = EngineModel.find(spec.engine) else {
            throw .unknownEngine(spec.engine, known: EngineModel.catalogue.map(\.id))
        }
        self.spec = spec
        self.model = model
    }

    /// Builds it, or verifies the one that is there. One whose building was cut short is built again.
    /// - Throws: `.environment` when it cannot be written, or is not what was built.
    @discardableResult
    package func run(_ trace: () throws(TrialError) -> Trace) throws(TrialError) -> StartRecord {
        if let there = try AgedDatabase.read(spec.directory) {
            try there.verify(spec.directory)
            return there.record
        }
        let building = spec.directory + ".building"
        do {
            for path in [building, spec.directory]
            where FileManager.default.fileExists(atPath: path) {
                try FileManager.default.removeItem(atPath: path)
            }
            try FileManager.default.createDirectory(
                atPath: building, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch { throw failed(building, "\(error)") }

        let began = MonotonicTime.now()
        var record = try fill(AgedDatabase.data(of: building), with: try trace())
        record.seconds = (MonotonicTime.now() - began).seconds
        do {
            let inventory = try StoreInventory(reading: AgedDatabase.data(of: building))
            record.digest = inventory.digest
            try AgedDatabase(record: record, inventory: inventory).write(to: building)
        } catch { throw failed(building, "\(error)") }
        guard rename(building, spec.directory) == 0 else {
            throw failed(spec.directory, String(cString: strerror(errno)))
        }
        return record
    }

    /// Its store is closed when this returns.
    private func fill(_ data: String, with trace: Trace) throws(TrialError) -> StartRecord {
        let options = StoreOptions(
            engine: model, setting: spec.setting, miniature: spec.scale.miniature)
        let recorded = RecordedMessages(shards: options.shards, options.format)
        Replayer.dryRun(
            trace, over: InProcessTransport(SessionLayer(store: recorded), store: recorded))

        let store: ShardedStore
        // Nothing is later than the wall clock, and what is written here is older.
        do { store = try ShardedStore(at: data, options, on: RocksEngine(), latest: 0) } catch {
            throw .environment(error.description)
        }
        defer { store.close() }
        let span = spec.ageing.span.count / 1_000_000
        let messages = recorded.replay(
            into: store, total: spec.ageing.messages,
            from: Int64(wallClockMilliseconds()) - span - 1_000, span: span
        ) {
            while store.depth > Self.waiting, store.failure == nil { usleep(1_000) }
            return store.failure != nil
        }
        var rest = store.rest(within: Self.restBound)
        if rest.done {
            do { try store.flushMemtables() } catch { throw failed(data, "\(error)") }
            rest = store.rest(within: Self.restBound)
        }
        if let failure = store.failure { throw failed(data, "\(failure)") }
        guard rest.done else {
            throw failed(data, "compaction did not rest within \(Int(rest.took.seconds)) s")
        }
        return StartRecord(
            shards: options.shards, messages: messages, bytes: store.tableBytesByShard,
            files: store.filesByLevel, digest: "", seconds: 0)
    }

    private func failed(_ path: String, _ reason: String) -> TrialError {
        .environment(
            "\(path): the start state could not be built (\(reason)); free space on that disk, ask for less "
                + "with --start-bytes, or begin with --start empty")
    }
}
