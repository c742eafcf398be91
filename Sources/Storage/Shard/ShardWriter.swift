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

    private var batch: WriteBatch
    private var encoder: MessageEncoder
    private var mail = Mailbox()
    /// Intended times of the messages in the batch.
    private var intended: [MonotonicTime] = []
    /// Streams of the messages in the batch, for the polls that wait for them.
    private var streams: [StreamID] = []
    /// When the first message of the batch has waited long enough.
    private var due: MonotonicTime?

    init(_ shard: Shard, options: StoreOptions, state: StoreState) {
        self.shard = shard
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
        do throws(CodecError) {
            try Self.encode(entry, of: mail, for: shard, with: &encoder, into: &batch)
        } catch {
            state.fail(
                shard: shard.number,
                RocksError(
                    code: -1, subcode: 0, description: "a message cannot be encoded: \(error)"),
                losing: 1)
            return state.left(1)
        }
        intended.append(entry.submission.intended)
        streams.append(encoder.stream)
        if intended.count >= items {
            flush()
        } else if due == nil {
            due = .now() + interval
        }
    }

    private static func encode(
        _ entry: Mailbox.Entry, of mail: Mailbox, for shard: Shard,
        with encoder: inout MessageEncoder,
        into batch: inout WriteBatch
    ) throws(CodecError) {
        try shard.trie.withLock { trie throws(CodecError) in
            let before = trie.streamCount
            let bytes = mail.bytes.span.bytes
            try encoder.encode(
                entry.submission, from: entry.publisher, topic: bytes.extracting(entry.topic),
                properties: bytes.extracting(entry.properties),
                payload: bytes.extracting(entry.payload), learning: &trie, into: &batch)
            if trie.streamCount != before {
                shard.streamCount.store(trie.streamCount, ordering: .releasing)
            }
        }
    }

    /// Commits the batch as one write. A batch that RocksDB refuses is lost, as in EMQX, and counted.
    private mutating func flush() {
        due = nil
        guard !intended.isEmpty else { return }
        state.enterDisk()
        let began = MonotonicTime.now()
        do throws(RocksError) {
            try batch.commit(sync: state.options.engine.walSync)
            shard.latest.store(encoder.latest, ordering: .releasing)
            shard.committed.add(intended.count, ordering: .acquiringAndReleasing)
            measure(from: began, to: .now())
            state.polls.committed(
                streams, latest: encoder.latest, generation: 1, in: shard.number)
        } catch {
            state.fail(shard: shard.number, error, losing: intended.count)
        }
        state.leaveDisk()
        state.left(intended.count)
        batch.clear()
        intended.removeAll(keepingCapacity: true)
        streams.removeAll(keepingCapacity: true)
        state.announce()
    }

    private func measure(from began: MonotonicTime, to ended: MonotonicTime) {
        let windowStart = state.windowStart
        let windowEnd = state.windowEnd
        shard.measured.withLock { measured in
            for time in intended where windowStart <= time && time < windowEnd {
                measured.durable.record(ended - time)
                measured.stored += 1
            }
            if windowStart <= ended, ended < windowEnd { measured.committed += intended.count }
            if windowStart <= began, began < windowEnd { measured.flush.record(ended - began) }
        }
    }
}
