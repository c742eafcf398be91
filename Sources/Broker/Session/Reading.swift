internal import MQTT
internal import Measure
internal import Storage

/// How a durable session reads its messages from storage: one cursor per stream of every shard, one question
/// per stream at a time, which waits in storage until it has an answer, and no further reading of a stream
/// whose last messages are not yet acknowledged (reference 4.2: one batch in flight per stream).
struct Reading {
    private struct Stream {
        var cursor: StreamCursor
        /// Deliveries of it that are not completed.
        var owed = 0
        /// Where the batch begins that they are from; it ends at `cursor`.
        var batchBegins: UInt64 = 0
        /// A question is under way.
        var isAsked = false
        /// A subscription matches it.
        var isWanted = true
    }

    private struct Shard {
        var streams: [Stream] = []
        var places: [StreamAddress: Int] = [:]
        /// `streamCount(in:)` when streams were last looked for; -1 if they must be.
        var known = -1
        /// Streams to ask for next, in the order in which they became free.
        var ready: [Int] = []
        /// Streams that storage refused to read.
        var refused: [Int] = []
        /// `committed(in:)` at the last refusal.
        var refusedAt = 0
    }

    /// A subscription, and the timestamp of each shard when it began.
    private struct Interest {
        let subscription: Session.Subscription
        let begins: [UInt64]
    }

    private var shards: [Shard]
    private var interests: [Interest] = []
    /// Tells answers to this session's present subscriptions from all others.
    private(set) var epoch: Int

    init(shards count: Int, epoch: Int) {
        shards = Array(repeating: Shard(), count: count)
        self.epoch = epoch
    }

    /// What is subscribed to from now on. Who is new reads from now; a subscription that was there keeps its
    /// place [MQTT-3.8.4-3].
    ///
    /// Questions under way were asked for other subscriptions and would skip what only the new ones want:
    /// their answers carry an old `epoch` and are to be dropped.
    mutating func subscribe(
        _ subscriptions: [Session.Subscription], epoch: Int, store: any DurableStore
    ) {
        interests = subscriptions.map { subscription in
            let old = interests.first { $0.subscription.filter == subscription.filter }
            return Interest(
                subscription: subscription,
                begins: old?.begins ?? shards.indices.map { store.now(in: $0) })
        }
        self.epoch = epoch
        for shard in shards.indices {
            for place in shards[shard].streams.indices {
                shards[shard].streams[place].isAsked = false
            }
            shards[shard].refused = []
            shards[shard].ready = shards[shard].streams.indices.filter {
                shards[shard].streams[$0].owed == 0
            }
            shards[shard].known = -1
        }
    }

    /// The next questions to `shard`, one for each stream that is free.
    /// - Parameters:
    ///   - limit: messages of each answer at most.
    ///   - wait: how long they wait for something to come.
    mutating func questions(
        to shard: Int, of store: any DurableStore, session: Int, client: [UInt8], limit: Int,
        wait: Nanoseconds
    ) -> [ReadRequest] {
        guard !interests.isEmpty else { return [] }
        if !shards[shard].refused.isEmpty, store.committed(in: shard) > shards[shard].refusedAt {
            shards[shard].ready += shards[shard].refused
            shards[shard].refused = []
        }
        learnStreams(of: shard, from: store)
        guard !shards[shard].ready.isEmpty else { return [] }
        let wanted = wanted(in: shard)
        var questions: [ReadRequest] = []
        for place in shards[shard].ready where shards[shard].streams[place].isWanted {
            assert(shards[shard].streams[place].owed == 0)
            assert(!shards[shard].streams[place].isAsked)
            shards[shard].streams[place].isAsked = true
            questions.append(
                ReadRequest(
                    session: session, epoch: epoch, client: client, shard: shard,
                    cursors: [shards[shard].streams[place].cursor], wanted: wanted, limit: limit,
                    wait: wait))
        }
        shards[shard].ready = []
        return questions
    }

    /// Questions for the batches that were given out and are not completed, each between its two ends.
    func replays(session: Int, client: [UInt8], limit: Int) -> [ReadRequest] {
        shards.indices.flatMap { shard in
            let wanted = wanted(in: shard)
            return shards[shard].streams.filter { $0.owed > 0 }.map { stream in
                var cursor = stream.cursor
                cursor.after = stream.batchBegins
                cursor.through = stream.cursor.after
                return ReadRequest(
                    session: session, epoch: epoch, client: client, shard: shard,
                    cursors: [cursor], wanted: wanted, limit: limit)
            }
        }
    }

    private func wanted(in shard: Int) -> [Wanted] {
        interests.map { interest in
            let subscription = interest.subscription
            return Wanted(
                filter: subscription.filter, qos: subscription.qos,
                after: interest.begins[shard], noLocal: subscription.noLocal)
        }
    }

    /// Takes note of an answer; its messages are owed until `completed`.
    mutating func answered(_ reply: ReadReply) {
        let shard = reply.shard
        for message in reply.messages.messages where message.qos != .atMostOnce {
            let address = reply.cursors[message.cursor].address
            guard let place = shards[shard].places[address] else { continue }
            shards[shard].streams[place].owed += 1
        }
        for cursor in reply.cursors {
            guard let place = shards[shard].places[cursor.address] else { continue }
            shards[shard].streams[place].isAsked = false
            shards[shard].streams[place].batchBegins = shards[shard].streams[place].cursor.after
            shards[shard].streams[place].cursor.after = cursor.after
            switch reply.outcome {
            case .read:
                if shards[shard].streams[place].owed == 0 { shards[shard].ready.append(place) }
            case .refused:
                guard shards[shard].streams[place].owed == 0 else { break }
                shards[shard].refused.append(place)
                shards[shard].refusedAt = reply.committed
            case .gone: shards[shard].streams[place].isWanted = false
            }
        }
    }

    mutating func completed(_ cursor: Delivery.Cursor) {
        guard let place = shards[cursor.shard].places[cursor.address] else { return }
        precondition(shards[cursor.shard].streams[place].owed > 0)
        shards[cursor.shard].streams[place].owed -= 1
        if shards[cursor.shard].streams[place].owed == 0 {
            shards[cursor.shard].ready.append(place)
        }
    }

    private mutating func learnStreams(of shard: Int, from store: any DurableStore) {
        let count = store.streamCount(in: shard)
        guard count != shards[shard].known else { return }
        shards[shard].known = count
        var found: [StreamAddress: StreamCursor] = [:]
        var order: [StreamAddress] = []
        for interest in interests {
            let cursors = store.cursors(
                in: shard, matching: interest.subscription.filter, after: interest.begins[shard])
            for cursor in cursors {
                if var known = found[cursor.address] {
                    known.widen(by: cursor.constraints)
                    known.after = min(known.after, cursor.after)
                    found[cursor.address] = known
                } else {
                    found[cursor.address] = cursor
                    order.append(cursor.address)
                }
            }
        }
        for place in shards[shard].streams.indices {
            shards[shard].streams[place].isWanted =
                found[shards[shard].streams[place].cursor.address] != nil
        }
        for address in order {
            guard let cursor = found[address] else { continue }
            if let place = shards[shard].places[address] {
                shards[shard].streams[place].cursor.want(only: cursor.constraints)
            } else {
                shards[shard].places[address] = shards[shard].streams.count
                shards[shard].ready.append(shards[shard].streams.count)
                shards[shard].streams.append(Stream(cursor: cursor))
            }
        }
    }
}
