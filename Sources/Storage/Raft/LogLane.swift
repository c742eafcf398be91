internal import Dispatch
internal import Glibc
internal import Layout
internal import MQTT
internal import Measure

/// A shard's end of the shared log: collects the batch as a command, has it logged, gives its messages back
/// to be applied, and asks for releases. Whoever has the shard's writer has it.
final class LogLane {
    private let log: SharedLog
    private let shard: Int
    private var command: LogCommand
    private var publishers: [Publisher] = []
    private var index: UInt64
    /// Whether the log has the batch at hand.
    private var isLogged = false
    /// Since the last release that was asked for.
    private var releasableBytes: UInt64 = 0
    private var releasableEntries = 0
    /// Whether the database has every entry that the log has.
    private var isComplete = true

    init(_ log: SharedLog, shard: Int) {
        self.log = log
        self.shard = shard
        command = LogCommand(log.model)
        index = log.shards[shard].lastIndex
    }

    func append(_ entry: Mailbox.Entry, of mail: borrowing Mailbox) {
        command.append(entry, of: mail)
        publishers.append(entry.publisher)
    }

    /// Blocks until the batch is in the log, synced, and a quorum could have it.
    /// - Parameter latest: timestamp of the shard's last message, microseconds.
    /// - Throws: when the disk refused it. The batch is not in the log then.
    func commit(after latest: UInt64) throws(RocksError) {
        isLogged = false
        command.seal(after: latest)
        var bytes: [UInt8] = []
        command.exchange(&bytes)
        defer { command.exchange(&bytes) }
        try log.intake.submit(shard: shard, index: index + 1, &bytes)
        index += 1
        isLogged = true
        let roundTrip = log.model.roundTrip.count
        if roundTrip > 0 {
            var time = timespec(
                tv_sec: Int(roundTrip / 1_000_000_000), tv_nsec: Int(roundTrip % 1_000_000_000))
            var rest = timespec()
            while nanosleep(&time, &rest) != 0 { time = rest }
        }
    }

    /// Messages of the batch in the order they came.
    func forEach(
        _ body: (
            _ submission: Submission, _ publisher: Publisher, _ bytes: RawSpan,
            _ message: LoggedMessage
        ) -> Void
    ) {
        let bytes = command.bytes
        bytes.withUnsafeBytes { raw in
            guard var batch = LoggedBatch(raw, batchOverhead: log.model.batchOverhead) else {
                preconditionFailure("we wrote it")
            }
            for publisher in publishers {
                guard let message = batch.next(in: raw) else {
                    preconditionFailure("a message for each publisher")
                }
                body(Submission(logged: message), publisher, bytes.span.bytes, message)
            }
        }
    }

    /// The batch is in the database's memtable. Counts towards the next release as EMQX does: over the
    /// bytes or over the entries asks for one; whether Ra acts on it is another matter.
    /// - Parameter latest: timestamp of the shard's last message now, microseconds.
    func applied(latest: UInt64) {
        releasableBytes += command.approximateBytes
        releasableEntries += 1
        guard isComplete,
            releasableBytes > log.model.releaseBytes
                || releasableEntries > log.model.releaseEntries
        else { return }
        releasableBytes = 0
        releasableEntries = 0
        log.counters.count { $0.releaseRequests += 1 }
        if log.shards[shard].beginRelease(of: index, interval: log.model.snapshotEntries) {
            log.releases.append(
                Release(shard: shard, snapshot: LogSnapshot(index: index, latest: latest)))
        }
    }

    /// Makes the log forget everything that was applied, and waits for it.
    /// - Throws: when the disk refuses, or when the log has what the database lacks.
    func releaseAll(latest: UInt64) throws(RocksError) {
        guard isComplete else {
            throw RocksError(
                code: -1, subcode: 0,
                description: "the shared log has a batch that RocksDB refused; open the store again"
            )
        }
        let receipt = ReleaseReceipt()
        log.releases.append(
            Release(
                shard: shard, snapshot: LogSnapshot(index: index, latest: latest), receipt: receipt)
        )
        try receipt.wait()
    }

    /// The batch was refused, by the log or by the database. In the second case the log has an entry that
    /// the database lacks, and must not forget it: the next start applies it again.
    func failed() { if isLogged { isComplete = false } }

    /// Ready for the next batch; memory is kept.
    func clear() {
        command.clear()
        publishers.removeAll(keepingCapacity: true)
    }
}

extension Submission {
    /// As the command has it. When it was intended is a matter of whoever measures, not of storage.
    init(logged message: LoggedMessage) {
        self.init(
            qos: message.qos, retain: message.retain, intended: MonotonicTime(nanoseconds: 0),
            timestamp: message.timestamp)
    }
}
