internal import Layout
internal import MQTT
internal import Storage

/// How a durable session reads its messages from storage: one cursor per stream of every shard, one
/// question per shard at a time, and no further reading of a stream whose last messages are not yet
/// acknowledged (reference 4.2: one batch in flight per stream).
struct Reading {
    private struct Stream {
        var cursor: StreamCursor
        /// Deliveries of it that are not completed.
        var owed = 0
        /// `committed(in:)` up to which it was read.
        var read = -1
        /// A subscription matches it.
        var wanted = true
        /// The last messages that came from it.
        var batch: StateValue.Stream?
    }

    private struct Shard {
        var streams: [Stream] = []
        var places: [StreamID: Int] = [:]
        /// `streamCount(in:)` when streams were last looked for; -1 if they must be.
        var known = -1
        /// `committed(in:)` at the last look for something to ask.
        var looked = 0
        /// Something changed since, other than a commit.
        var stale = false
        var asked = false
        /// The stream that the next question begins with, so that a busy one does not starve the others.
        var turn = 0
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
        let first = interests.isEmpty
        interests = subscriptions.map { subscription in
            let old = interests.first { $0.subscription.filter == subscription.filter }
            return Interest(
                subscription: subscription,
                begins: old?.begins ?? shards.indices.map { store.now(in: $0) })
        }
        self.epoch = epoch
        for shard in shards.indices {
            if first { shards[shard].looked = store.committed(in: shard) }
            if shards[shard].asked { shards[shard].stale = true }
            shards[shard].asked = false
            shards[shard].known = -1
        }
    }

    /// The next question to `shard`, if there is anything to ask.
    mutating func question(
        to shard: Int, of store: any DurableStore, session: Int, client: [UInt8], limit: Int
    ) -> ReadRequest? {
        let committed = store.committed(in: shard)
        guard !shards[shard].asked, !interests.isEmpty,
            committed > shards[shard].looked || shards[shard].stale
        else { return nil }
        shards[shard].looked = committed
        shards[shard].stale = false
        // After `committed`: a stream of a message that was counted is found.
        learnStreams(of: shard, from: store)
        let streams = shards[shard].streams
        var cursors: [StreamCursor] = []
        for step in streams.indices {
            let stream = streams[(shards[shard].turn + step) % streams.count]
            if stream.wanted, stream.owed == 0, stream.read < committed {
                cursors.append(stream.cursor)
            }
        }
        guard !cursors.isEmpty else { return nil }
        shards[shard].asked = true
        return ReadRequest(
            session: session, epoch: epoch, client: client, shard: shard, cursors: cursors,
            wanted: interests.map { interest in
                let subscription = interest.subscription
                return Wanted(
                    filter: subscription.filter, qos: subscription.qos,
                    after: interest.begins[shard], noLocal: subscription.noLocal)
            }, limit: limit)
    }

    /// The last batch of a stream.
    func batch(of stream: StreamID, in shard: Int) -> StateValue.Stream? {
        shards[shard].places[stream].flatMap { shards[shard].streams[$0].batch }
    }

    /// The timestamp of each shard when the subscription to `filter` began.
    func begins(of filter: TopicFilter) -> [UInt64]? {
        interests.first { $0.subscription.filter == filter }?.begins
    }

    /// Takes note of an answer; its messages are owed until `completed`. They get their numbers now.
    mutating func answered(_ reply: ReadReply, marking dirty: inout DirtyState) {
        let shard = reply.shard
        shards[shard].asked = false
        number(reply, marking: &dirty)
        for (number, cursor) in reply.cursors.enumerated() {
            guard let place = shards[shard].places[cursor.stream] else { continue }
            shards[shard].streams[place].cursor = cursor
            if number < reply.complete {
                shards[shard].streams[place].read = reply.committed
            } else if number == reply.complete {
                shards[shard].turn = place
                shards[shard].stale = true
            }
        }
        for message in reply.messages.messages where message.qos != .atMostOnce {
            let stream = reply.cursors[message.cursor].stream
            guard let place = shards[shard].places[stream] else { continue }
            shards[shard].streams[place].owed += 1
        }
    }

    private mutating func number(_ reply: ReadReply, marking dirty: inout DirtyState) {
        let shard = reply.shard
        var last = -1
        for message in reply.messages.messages {
            let cursor = reply.cursors[message.cursor]
            guard let place = shards[shard].places[cursor.stream] else { continue }
            if message.cursor != last {
                last = message.cursor
                let qos1 = dirty.counters[.nextQoS1], qos2 = dirty.counters[.nextQoS2]
                shards[shard].streams[place].batch = StateValue.Stream(
                    begin: shards[shard].streams[place].cursor.after, end: cursor.after,
                    batchSize: 0, firstQoS1: qos1 + 1, lastQoS1: qos1, firstQoS2: qos2 + 1,
                    lastQoS2: qos2)
                dirty.change(.stream(shard: shard, cursor.stream))
            }
            shards[shard].streams[place].batch?.batchSize += 1
            switch message.qos {
            case .atMostOnce: break
            case .atLeastOnce:
                shards[shard].streams[place].batch?.lastQoS1 = dirty.advance(.nextQoS1)
            case .exactlyOnce:
                shards[shard].streams[place].batch?.lastQoS2 = dirty.advance(.nextQoS2)
            }
        }
    }

    mutating func completed(_ cursor: Delivery.Cursor) {
        guard let place = shards[cursor.shard].places[cursor.stream] else { return }
        precondition(shards[cursor.shard].streams[place].owed > 0)
        shards[cursor.shard].streams[place].owed -= 1
        if shards[cursor.shard].streams[place].owed == 0 { shards[cursor.shard].stale = true }
    }

    private mutating func learnStreams(of shard: Int, from store: any DurableStore) {
        let count = store.streamCount(in: shard)
        guard count != shards[shard].known else { return }
        shards[shard].known = count
        let before = shards[shard].streams.count
        for place in 0..<before { shards[shard].streams[place].wanted = false }
        for interest in interests {
            let begins = interest.begins[shard]
            for stream in store.streams(in: shard, matching: interest.subscription.filter) {
                if let place = shards[shard].places[stream] {
                    shards[shard].streams[place].wanted = true
                    guard place >= before else { continue }
                    let after = shards[shard].streams[place].cursor.after
                    shards[shard].streams[place].cursor.after = min(after, begins)
                } else {
                    shards[shard].places[stream] = shards[shard].streams.count
                    shards[shard].streams.append(
                        Stream(cursor: StreamCursor(stream: stream, after: begins)))
                }
            }
        }
    }
}
