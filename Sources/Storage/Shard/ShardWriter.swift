internal import Layout
internal import MQTT
internal import Measure
internal import Synchronization

/// The one writer of a shard: takes messages from the inbox, encodes them and commits them in batches, as EMQX's buffer process does (reference 3.3). Confined to its thread.
///
/// Nothing is allocated per message in the steady state: inbox, batch and scratch buffers keep their
/// memory.
struct ShardWriter: ~Copyable {
    private let shard: Shard
    private let state: StoreState
    private let items: Int
    private let interval: Nanoseconds
    /// The way through the shared log; nil when RocksDB's own is the only one.
    private let lane: LogLane?

    private var batch: WriteBatch
    private var encoder: MessageEncoder
    private var mail = Mailbox()
    /// Intended times of the messages in the batch.
    private var intended: [MonotonicTime] = []
    /// When the first message of the batch has waited long enough.
    private var due: MonotonicTime?

    init(_ shard: Shard, options: StoreOptions, state: StoreState, lane: LogLane? = nil) {
        self.shard = shard
        self.lane = lane
        self.state = state
        items = options.bufferItems
        interval = options.bufferInterval
        batch = WriteBatch(for: shard.database)
        encoder = MessageEncoder(after: shard.latest.load(ordering: .acquiring))
    }

    /// Runs until the inbox is closed and empty.
    mutating func run() {
        while shard.inbox.take(into: &mail, until: due, enough: max(1, items - intended.count)) {
            for place in mail.entries.indices { add(mail.entries[place]) }
            mail.removeAll()
            if let due, due <= .now() { flush() }
        }
        flush()
    }

    /// EMQX's rule: a message that would fill a buffer that is not empty goes into the next one.
    private mutating func add(_ entry: Mailbox.Entry) {
        if !intended.isEmpty, intended.count + 1 >= items { flush() }
        if let lane {
            lane.append(entry, of: mail)
        } else {
            do throws(CodecError) {
                try Self.encode(entry, of: mail, for: shard, with: &encoder, into: &batch)
            } catch {
                refuse(error)
                return state.left(1)
            }
        }
        intended.append(entry.submission.intended)
        if intended.count >= items {
            flush()
        } else if due == nil {
            due = .now() + interval
        }
    }

    private static func encode(
        _ entry: Mailbox.Entry, of mail: Mailbox, for shard: Shard,
        with encoder: inout MessageEncoder, into batch: inout WriteBatch
    ) throws(CodecError) {
        let bytes = mail.bytes.span.bytes
        try encode(
            entry.submission, from: entry.publisher, topic: bytes.extracting(entry.topic),
            properties: bytes.extracting(entry.properties),
            payload: bytes.extracting(entry.payload), for: shard, with: &encoder, into: &batch)
    }

    private static func encode(
        _ submission: Submission, from publisher: Publisher, topic: RawSpan, properties: RawSpan,
        payload: RawSpan, for shard: Shard, with encoder: inout MessageEncoder,
        into batch: inout WriteBatch
    ) throws(CodecError) {
        try shard.trie.withLock { trie throws(CodecError) in
            let before = trie.streamCount
            try encoder.encode(
                submission, from: publisher, topic: topic, properties: properties,
                payload: payload, learning: &trie, into: &batch)
            if trie.streamCount != before {
                shard.streamCount.store(trie.streamCount, ordering: .releasing)
            }
        }
    }

    private func refuse(_ error: CodecError) {
        state.fail(
            shard: shard.number,
            RocksError(code: -1, subcode: 0, description: "a message cannot be encoded: \(error)"),
            losing: 1)
    }

    /// Commits the batch as one write. A batch that RocksDB or the log refuses is lost, as in EMQX, and
    /// counted.
    private mutating func flush() {
        due = nil
        guard !intended.isEmpty else { return }
        do throws(RocksError) {
            let handedIn = MonotonicTime.now()
            let refused = try logAndApply()
            let logged = lane.map { _ in MonotonicTime.now() - handedIn }
            state.enterDisk()
            defer { state.leaveDisk() }
            let began = lane == nil ? MonotonicTime.now() : handedIn
            try batch.commit(
                sync: lane == nil && state.options.durability.sync == .perCommit, wal: lane == nil)
            lane?.applied(latest: encoder.latest)
            shard.latest.store(encoder.latest, ordering: .releasing)
            shard.committed.add(intended.count - refused, ordering: .acquiringAndReleasing)
            measure(from: began, to: .now(), waitingForLog: logged)
        } catch {
            lane?.failed()
            state.fail(shard: shard.number, error, losing: intended.count)
        }
        state.left(intended.count)
        batch.clear()
        lane?.clear()
        intended.removeAll(keepingCapacity: true)
        state.announce()
    }

    /// Waits for the shared log, if there is one, and encodes what it took: timestamps are given and topics
    /// learned when an entry is applied, in the same way again after a crash (reference 3.8).
    /// - Returns: messages that could not be encoded.
    private mutating func logAndApply() throws(RocksError) -> Int {
        guard let lane else { return 0 }
        try lane.commit(after: encoder.latest)
        var refused = 0
        lane.forEach { submission, publisher, bytes, message in
            do throws(CodecError) {
                try Self.encode(
                    submission, from: publisher, topic: bytes.extracting(message.topic),
                    properties: bytes.extracting(message.properties),
                    payload: bytes.extracting(message.payload), for: shard, with: &encoder,
                    into: &batch)
            } catch {
                refuse(error)
                refused += 1
            }
        }
        return refused
    }

    private func measure(
        from began: MonotonicTime, to ended: MonotonicTime, waitingForLog: Nanoseconds?
    ) {
        let windowStart = state.windowStart
        let windowEnd = state.windowEnd
        shard.measured.withLock { measured in
            for time in intended where windowStart <= time && time < windowEnd {
                measured.durable.record(ended - time)
                measured.stored += 1
            }
            if windowStart <= ended, ended < windowEnd { measured.committed += intended.count }
            if windowStart <= began, began < windowEnd {
                measured.flush.record(ended - began)
                if let waitingForLog { measured.logWait.record(waitingForLog) }
            }
        }
    }
}
