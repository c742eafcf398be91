internal import Layout
internal import MQTT
internal import Measure
internal import Synchronization

/// The one writer of a shard: takes messages from the inbox, encodes them and commits them in batches, as EMQX's
/// buffer process does (reference 3.3). One thread at a time has it, which `WriterSeat` sees to.
///
/// Nothing is allocated per message in the steady state: inbox, batch and scratch buffers keep their
/// memory.
struct ShardWriter: ~Copyable {
    let shard: Shard
    private let state: StoreState
    private let rule: BatchRule
    private let bytes: Int
    /// The way through the shared log; nil when RocksDB's own is the only one.
    let lane: LogLane?

    private var batch: WriteBatch
    private var encoder: MessageEncoder
    /// Where messages go.
    private var generation: Generation
    private var mail = Mailbox()
    /// When the messages in the batch were to be sent, came to the broker, and were left here.
    private var times:
        [(intended: MonotonicTime, arrived: MonotonicTime, accepted: MonotonicTime)] =
            []
    /// Streams of the messages in the batch, for the polls that wait for them.
    private var streams: [StreamID] = []
    /// Topics and payloads of the messages in the batch.
    private var filled = 0
    /// Identifiers that the batch frees; they are no messages.
    private var freed = 0
    /// The key of a row beside a message.
    private var key: [UInt8] = []
    /// When the batch is to be closed, unless something comes before.
    private var due: MonotonicTime?
    /// When it is to be closed whatever comes: its first message has waited long enough.
    private var deadline = MonotonicTime(nanoseconds: 0)
    /// Before this, RocksDB is not asked again whether it takes writes after a refusal.
    private var resumeDue = MonotonicTime(nanoseconds: 0)

    /// Asking flushes memtables: often enough that little is lost once the cause is gone, and seldom enough
    /// that a disk that stays broken is left alone.
    private static let resumeInterval = Nanoseconds.milliseconds(100)
    /// Messages taken so far, and how many of them are decided.
    private var taken = 0, decided = 0
    /// Positions of those since that cannot be encoded.
    private var unencodable: [Int] = []
    /// Topics were learned in a batch that was lost: without their rows later messages could not be found.
    private var mustWriteTrie = false
    /// False while a thread that must not wait has it.
    private var mayWait = true
    /// Counts the flushes, for an engine that writes the count.
    private var serial: SerialRow?

    init(_ shard: Shard, options: StoreOptions, state: StoreState, lane: LogLane? = nil) {
        self.shard = shard
        self.lane = lane
        self.state = state
        rule = options.batching
        bytes = rule.bytes ?? .max
        batch = WriteBatch(for: shard.database)
        encoder = MessageEncoder(
            after: shard.latest.load(ordering: .acquiring), options.format)
        generation = shard.current
        encoder.families = generation.families
        if options.engine.writesSerial { serial = SerialRow(of: shard, state: state) }
    }

    /// What its thread may sleep for before the next `turn`.
    var sleep: (until: MonotonicTime?, enough: Int, bytes: Int) {
        (due, max(1, rule.items - times.count), max(1, bytes - filled))
    }

    /// Takes what has come, does errands and commits what is due.
    mutating func turn() {
        shard.inbox.take(into: &mail)
        let came = !mail.entries.isEmpty
        addMail()
        runErrands(shard.errands.withLock { $0.take() })
        if let due { close(dueAt: due, came) }
    }

    /// The inbox is closed and empty.
    mutating func finish() {
        flush()
        for errand in shard.errands.withLock({ $0.close() }) { errand.finish(.closed) }
    }

    private mutating func addMail() {
        for place in mail.entries.indices { add(mail.entries[place]) }
        mail.removeAll()
    }

    /// Whether a batch waits for nothing and is a matter of microseconds: neither a sync nor a log nor a second write
    /// belongs to it. The same for as long as it lives.
    var isQuick: Bool {
        rule.interval == .zero && rule.idle == nil && lane == nil && serial == nil
            && state.timestamps == nil && state.options.durability.sync != .perCommit
    }

    /// Takes what has come and commits it on the calling thread, which must not wait, while the writer's own thread
    /// sleeps: to wake that takes longer than a small batch.
    /// - Parameter most: more messages are left to the writer's thread.
    /// - Precondition: `isQuick`.
    mutating func turnInPlace(atMost most: Int) -> TurnInPlace {
        guard times.isEmpty, freed == 0, !mustWriteTrie, !shard.flushes.isFailing,
            let count = shard.inbox.take(into: &mail, atMost: min(most, rule.items), bytes: bytes)
        else { return .left }
        mayWait = false
        addMail()
        if due != nil { flush() }
        mayWait = true
        return due == nil ? .committed(count) : .heldBack
    }

    enum TurnInPlace {
        case committed(Int)
        /// It was taken, and RocksDB would have held it back: the writer's thread has to commit it.
        case heldBack
        /// Nothing was taken.
        case left
    }

    /// Commits the batch if it has waited long enough. What came during the wait puts off an idle end, but
    /// not the deadline.
    private mutating func close(dueAt due: MonotonicTime, _ came: Bool) {
        let now = MonotonicTime.now()
        if came, let idle = rule.idle { self.due = min(deadline, now + idle) }
        if deadline <= now || due <= now && !(came && rule.idle != nil) { flush() }
    }

    /// EMQX's rule: a message that would fill a buffer that is not empty goes into the next one.
    private mutating func add(_ entry: Mailbox.Entry) {
        if case .released(let id) = entry.submission.handshake { return free(id, of: entry) }
        let size = entry.topicBytes + entry.payloadBytes
        if !times.isEmpty, times.count + 1 >= rule.items || bytes - filled <= size { flush() }
        taken += 1
        if let lane {
            lane.append(entry, of: mail)
        } else {
            do throws(CodecError) {
                try Self.encode(
                    entry, of: mail, in: generation, of: shard, with: &encoder, into: &batch)
                streams.append(encoder.stream)
                if case .awaitsRelease(let id) = entry.submission.handshake {
                    keep(id, of: entry)
                }
            } catch {
                refuse(error, at: taken)
                if times.isEmpty, freed == 0 { settle(nil, nil) }
                state.left(1)
                return state.announce()
            }
        }
        times.append(
            (entry.submission.intended, entry.submission.arrived, entry.accepted))
        filled += size
        if times.count >= rule.items || filled >= bytes { flush() } else { waitForMore() }
    }

    /// The batch is closed in time, whatever comes.
    private mutating func waitForMore() {
        guard due == nil else { return }
        let now = MonotonicTime.now()
        deadline = now + rule.interval
        due = rule.idle.map { min(deadline, now + $0) } ?? deadline
    }

    /// The identifier of a message in the batch is kept with it.
    private mutating func keep(_ id: PacketID, of entry: Mailbox.Entry) {
        writeKey(id, of: entry)
        key.withUnsafeBytes {
            batch.put(
                $0, UnsafeRawBufferPointer(start: nil, count: 0),
                family: EngineModel.Family.default)
        }
    }

    private mutating func free(_ id: PacketID, of entry: Mailbox.Entry) {
        precondition(lane == nil, "what a shared log takes is messages")
        taken += 1
        freed += 1
        writeKey(id, of: entry)
        key.withUnsafeBytes { batch.delete($0, family: EngineModel.Family.default) }
        waitForMore()
    }

    private mutating func writeKey(_ id: PacketID, of entry: Mailbox.Entry) {
        key.removeAll(keepingCapacity: true)
        AwaitedRelease.appendKey(id, of: entry.publisher.header.clientID, to: &key)
    }

    private mutating func refuse(_ error: CodecError, at position: Int) {
        state.fail(
            shard: shard.number,
            RocksError(code: -1, subcode: 0, description: "a message cannot be encoded: \(error)"),
            losing: 1)
        unencodable.append(position)
    }

    /// Commits the batch as one write. A batch that RocksDB or the shared log refuses is lost, as in EMQX, and
    /// counted.
    mutating func flush() {
        due = nil
        guard !times.isEmpty || freed > 0 else { return }
        if mustWriteTrie { putTrie() }
        var refusal: Refusal?
        var written: CommitTime?
        do throws(RocksError) {
            let handedIn = MonotonicTime.now()
            let stalledBefore = WriteBatch.stalled
            let waited = try logAndApply()
            try enterDisk()
            defer { state.leaveDisk() }
            let began = lane == nil ? MonotonicTime.now() : handedIn
            try commit()
            mustWriteTrie = false
            lane?.applied(latest: encoder.latest)
            shard.latest.store(encoder.latest, ordering: .releasing)
            let ended = MonotonicTime.now()
            shard.flushes.committed(
                times.count, bytes: filled, took: ended - began,
                waited: ended - (times.first?.intended ?? began))
            let stalled = WriteBatch.stalled - stalledBefore
            if state.windowStart <= ended {
                written = CommitTime(began: began, ended: ended, stalled: stalled)
            }
            measure(from: began, to: ended, stalled: stalled, waitingForLog: waited)
        } catch {
            // Its own thread may wait, and asks for what can be had.
            guard mayWait else { return due = .now() }
            lane?.failed()
            shard.flushes.failed()
            state.fail(shard: shard.number, error, losing: times.count)
            refusal = error.isNoSpace ? .noSpace : .other
            if encoder.learned > 0 { mustWriteTrie = true }
        }
        batch.clear()
        lane?.clear()
        encoder.learned = 0
        // With a shared log they are found out only when it is applied, and are among `times`.
        let refused = lane == nil ? 0 : unencodable.count
        settle(refusal, written)
        state.left(times.count + freed)
        // Last, so that who sees them committed sees them decided, gone from the queue and waited for no more.
        if refusal == nil {
            state.polls.committed(
                streams, latest: encoder.latest, generation: generation.number, in: shard.number)
            shard.committed.add(times.count - refused, ordering: .acquiringAndReleasing)
        }
        times.removeAll(keepingCapacity: true)
        streams.removeAll(keepingCapacity: true)
        filled = 0
        freed = 0
        state.announce()
    }

    /// Waits for the shared log, if there is one, and encodes what it took: timestamps are given and topics
    /// learned when an entry is applied, in the same way again after a crash (reference 3.8).
    /// - Returns: how long the log took.
    private mutating func logAndApply() throws(RocksError) -> Nanoseconds? {
        guard let lane else { return nil }
        let began = MonotonicTime.now()
        try lane.commit(after: encoder.latest)
        let waited = MonotonicTime.now() - began
        // All of them are in the batch at hand, which nothing else was decided of.
        var position = decided
        lane.forEach { submission, publisher, bytes, message in
            position += 1
            do throws(CodecError) {
                try Self.encode(
                    submission, from: publisher, topic: bytes.extracting(message.topic),
                    properties: bytes.extracting(message.properties),
                    payload: bytes.extracting(message.payload), in: generation, of: shard,
                    with: &encoder, into: &batch)
                streams.append(encoder.stream)
            } catch { refuse(error, at: position) }
        }
        return waited
    }

    /// The batch becomes as durable as the sync mode says; what EMQX writes beside it is written too.
    private mutating func commit() throws(RocksError) {
        try serial?.commit()
        let sync = state.options.durability.sync
        // The shared log is synced whatever the mode; RocksDB's has nothing then.
        try write(sync: sync == .perCommit && lane == nil)
        if case .interval = sync, lane == nil { shard.isUnsynced.store(true, ordering: .releasing) }
        do throws(TimestampRecordError) {
            try state.timestamps?.note(encoder.latest, of: shard.number)
        } catch {
            // The messages are safe; only a clock that is set back later could now repeat a timestamp.
            state.fail(
                shard: shard.number,
                RocksError(
                    code: -1, subcode: error.isNoSpace ? RocksError.noSpace : 0,
                    description: "\(error)"), losing: 0)
        }
    }

    /// After a refusal whose cause may be gone, such as a limit that was lifted, asks RocksDB to take writes
    /// again and tries once more. After a full disk RocksDB looks for room by itself, every five seconds.
    private mutating func write(sync: Bool) throws(RocksError) {
        guard mayWait else { return try batch.commit(waits: false) }
        do throws(RocksError) { try batch.commit(sync: sync, wal: lane == nil) } catch {
            let now = MonotonicTime.now()
            guard now >= resumeDue else { throw error }
            resumeDue = now + Self.resumeInterval
            // The first refusal says more than the next one.
            do throws(RocksError) {
                try shard.database.resume()
                try batch.commit(sync: sync, wal: lane == nil)
            } catch _ { throw error }
        }
    }

    private func enterDisk() throws(RocksError) {
        if mayWait { return state.enterDisk() }
        guard state.enterDiskAtOnce() else { throw .incomplete }
    }

    private mutating func putTrie() {
        var rows = RowBuffer()
        generation.trie.withLock { $0.appendRows(to: &rows) }
        batch.put(rows, family: generation.families.trie)
    }

    /// From now on messages go to `next`. Nothing is in the batch.
    mutating func begin(_ next: Generation) {
        precondition(times.isEmpty)
        generation = next
        encoder.families = next.families
        // What a lost batch had learned is in the old generation's copy of the trie only.
        mustWriteTrie = false
        shard.streamCount.add(next.trie.withLock { $0.streamCount }, ordering: .releasing)
        state.polls.began(next.number, in: shard.number)
    }

    /// Everything taken so far is decided: lost if there is a refusal, as is what cannot be encoded.
    private mutating func settle(_ refusal: Refusal?, _ written: CommitTime?) {
        for position in unencodable {
            if position - 1 > decided {
                state.desk.settle(
                    shard.number, through: position - 1, refusal: refusal, commit: written)
            }
            state.desk.settle(shard.number, through: position, refusal: .other)
            decided = position
        }
        unencodable.removeAll(keepingCapacity: true)
        if taken > decided {
            state.desk.settle(shard.number, through: taken, refusal: refusal, commit: written)
            decided = taken
        }
    }

    private func measure(
        from began: MonotonicTime, to ended: MonotonicTime, stalled: Nanoseconds,
        waitingForLog: Nanoseconds?
    ) {
        let windowStart = state.windowStart
        let windowEnd = state.windowEnd
        shard.measured.withLock { measured in
            for time in times where windowStart <= time.intended && time.intended < windowEnd {
                measured.durable.record(ended - time.intended)
                measured.stored += 1
                var spent = LatencySplit.Spent()
                spent[.generator] = time.arrived - time.intended
                spent[.session] = time.accepted - time.arrived
                spent[.batchWait] = began - time.accepted
                spent[.stall] = stalled
                spent[.storageWrite] = ended - began - stalled
                measured.split.record(spent)
            }
            if windowStart <= ended, ended < windowEnd { measured.committed += times.count }
            if windowStart <= began, began < windowEnd {
                measured.flush.record(ended - began)
                if let waitingForLog { measured.logWait.record(waitingForLog) }
            }
        }
    }
}
