internal import Measure
internal import Synchronization

/// The log that all shards of a store share, as Ra keeps one for each database (reference 3.8): a shard's
/// batch is appended and synced here first, then applied to its RocksDB without a write-ahead log there.
///
/// Three threads: the writer groups what arrives into one write and one fdatasync, the segment writer
/// copies what survives of full files, the releaser flushes databases so that the log may forget.
final class SharedLog: Sendable {
    /// At the store's scale.
    let model: RaftModel
    let files: LogFiles
    let shards: [ShardLog]
    let counters = LogCounters()
    let closedFiles = WorkQueue<ClosedLogFile>()
    let releases = WorkQueue<Release>()
    let intake: LogIntake
    private let observe: (@Sendable (LogStep) -> Void)?
    private let threads: Mutex<Threads>

    private struct Threads: Sendable {
        var writer: JoinedThread?
        var others: [JoinedThread] = []
    }

    /// Opens or creates the log of `shards` below the store's directory, and applies again what their
    /// databases may lack.
    /// - Throws: the first file that cannot be read, or whose damage would lose a message that was synced;
    ///   no room for a thread.
    init(
        below store: String, _ model: RaftModel, options: StoreOptions, shards: [Shard],
        on engine: RocksEngine
    ) throws(StoreOpenError) {
        let files = LogFiles(below: store, on: engine)
        let model = model.scaled(by: options.miniature)
        self.model = model
        self.files = files
        observe = options.logSteps
        intake = LogIntake(shards: shards.count)
        var recovery = LogRecovery(files, model, shards)
        try recovery.run()
        self.shards = recovery.logs
        threads = Mutex(Threads())
        let replayed = recovery.replayedEntries
        counters.count { $0.replayedEntries = replayed }
        for file in recovery.closedFiles { closedFiles.append(file) }
        try start(after: recovery, seed: options.seed.branch("shared log"))
    }

    private func start(after recovery: LogRecovery, seed: Seed) throws(StoreOpenError) {
        let next = recovery.nextFile, group = recovery.nextGroup, previous = recovery.previous
        do throws(ThreadError) {
            let writer = try JoinedThread {
                var writer = LogWriter(
                    self, file: next, group: group, previous: previous, seed: seed)
                writer.run()
            }
            threads.withLock { $0.writer = writer }
            let segments = try JoinedThread {
                var segments = SegmentWriter(self)
                segments.run()
            }
            threads.withLock { $0.others.append(segments) }
            let releaser = try JoinedThread {
                var releaser = Releaser(self)
                releaser.run()
            }
            threads.withLock { $0.others.append(releaser) }
        } catch {
            close()
            throw StoreOpenError(path: files.directory, reason: "\(error)")
        }
    }

    func step(_ step: LogStep) { observe?(step) }

    var counts: LogCounts {
        var counts = counters.now
        counts.depth = intake.depth
        return counts
    }

    /// The end of a shard's writer at the log.
    func lane(of shard: Int) -> sending LogLane { LogLane(self, shard: shard) }

    /// After the last `submit`: finishes releases and copies, and ends the threads. To be called once.
    func close() {
        let threads = threads.withLock { $0 }
        intake.close()
        threads.writer?.join()
        releases.close()
        closedFiles.close()
        for thread in threads.others { thread.join() }
    }
}
