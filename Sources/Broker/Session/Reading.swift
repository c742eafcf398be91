internal import MQTT
internal import Measure
internal import Storage

/// How a durable session reads its messages from storage: one cursor per stream of every shard, one question
/// per stream at a time, which waits in storage until it has an answer, and no further reading of a stream
/// whose last messages are not yet acknowledged (reference 4.2: one batch in flight per stream).
struct Reading {
    struct Stream {
        var cursor: StreamCursor
        /// Deliveries of it that are not completed.
        var owed = 0
        /// A question is under way.
        var isAsked = false
        /// A subscription matches it.
        var isWanted = true
        /// It was read to its end for good, or is gone.
        var isOver = false
        /// Its owed messages are those of before a restart: they are not in memory, and have to be read again.
        var isBare = false
        /// The last messages that came from it.
        var batch: StateValue.Stream?

        /// Nothing of it is yet to be given or to be completed.
        var isFinished: Bool { isOver && owed == 0 }
    }

    struct Shard {
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
        /// The generation to read: later ones wait until all its streams are finished, so that messages of a
        /// topic come in order also across generations.
        var generation = Int.max
        /// The last generation of which everything wanted was finished.
        var finished: Int?

        mutating func settleGeneration() {
            generation =
                streams.lazy.filter { $0.isWanted && !$0.isFinished }
                .map(\.cursor.address.generation).min() ?? .max
        }
    }

    /// A subscription, and the timestamp of each shard when it began.
    struct Interest {
        let subscription: Session.Subscription
        let begins: [UInt64]
    }

    /// Empty while the session is away.
    var shards: [Shard]
    /// What it is made from again.
    var kept = Kept()
    var interests: [Interest] = []
    /// Streams that are bare.
    var bare = 0
    /// Tells answers to this session's present subscriptions from all others.
    var epoch: Int

    init(shards count: Int, epoch: Int) {
        shards = Array(repeating: Shard(), count: count)
        self.epoch = epoch
    }

    /// Where streams are read on after a restart, by shard; others from the beginning of the subscription.
    private var positions: [[StreamAddress: UInt64]] = []

    /// Of a group that was kept.
    /// - Parameters:
    ///   - begins: the timestamp of each shard when the subscription began.
    ///   - positions: after which timestamps its streams are read on, by shard.
    ///   - finished: see `finished(in:)`.
    init(
        _ subscription: Session.Subscription, begins: [UInt64],
        after positions: [[StreamAddress: UInt64]], finished: [Int: Int], epoch: Int
    ) {
        self.init(shards: begins.count, epoch: epoch)
        interests = [Interest(subscription: subscription, begins: begins)]
        self.positions = positions
        for (shard, generation) in finished where shard < begins.count {
            shards[shard].finished = generation
        }
    }

    /// All messages that came from a stream are completed.
    func isCompleted(_ stream: StreamAddress, in shard: Int) -> Bool {
        shards[shard].places[stream].map { shards[shard].streams[$0].owed == 0 } ?? false
    }

    /// A stream that is new here.
    private func begin(_ cursor: StreamCursor, in shard: Int) -> Stream {
        var cursor = cursor
        if shard < positions.count, let after = positions[shard][cursor.address] {
            cursor.after = max(cursor.after, after)
        }
        return Stream(cursor: cursor)
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
                shards[shard].streams[$0].owed == 0 && !shards[shard].streams[$0].isOver
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
        let generation = shards[shard].generation
        var questions: [ReadRequest] = []
        var waiting: [Int] = []
        for place in shards[shard].ready where shards[shard].streams[place].isWanted {
            guard shards[shard].streams[place].cursor.address.generation <= generation else {
                waiting.append(place)
                continue
            }
            assert(shards[shard].streams[place].owed == 0)
            assert(!shards[shard].streams[place].isAsked)
            shards[shard].streams[place].isAsked = true
            questions.append(
                ReadRequest(
                    session: session, epoch: epoch, client: client, shard: shard,
                    cursors: [shards[shard].streams[place].cursor], wanted: wanted, limit: limit,
                    wait: wait))
        }
        shards[shard].ready = waiting
        return questions
    }

    func wanted(in shard: Int) -> [Wanted] {
        interests.map { interest in
            let subscription = interest.subscription
            return Wanted(
                filter: subscription.filter, qos: subscription.qos,
                after: interest.begins[shard], noLocal: subscription.noLocal,
                retainAsPublished: subscription.retainAsPublished,
                identifier: subscription.identifier)
        }
    }

    /// The last batch of a stream.
    func batch(of stream: StreamAddress, in shard: Int) -> StateValue.Stream? {
        guard !shards.isEmpty else { return nil }
        return shards[shard].places[stream].flatMap { shards[shard].streams[$0].batch }
    }

    /// The last generation of a shard that was read and completed.
    func finished(in shard: Int) -> Int? {
        shards.isEmpty ? kept.finished[shard] : shards[shard].finished
    }

    /// The timestamp of each shard when the subscription to `filter` began.
    func begins(of filter: TopicFilter) -> [UInt64]? {
        interests.first { $0.subscription.filter == filter }?.begins
    }

    /// Takes note of an answer; its messages are owed until `completed`. They get their numbers now.
    mutating func answered(_ reply: ReadReply, marking dirty: inout DirtyState) {
        let shard = reply.shard
        number(reply, marking: &dirty)
        for message in reply.messages.messages where message.qos != .atMostOnce {
            let address = reply.cursors[message.cursor].address
            guard let place = shards[shard].places[address] else { continue }
            shards[shard].streams[place].owed += 1
        }
        for (number, cursor) in reply.cursors.enumerated() {
            guard let place = shards[shard].places[cursor.address] else { continue }
            shards[shard].streams[place].isAsked = false
            shards[shard].streams[place].cursor.after = cursor.after
            switch reply.outcome {
            case .read:
                if reply.over.contains(number) {
                    shards[shard].streams[place].isOver = true
                } else if shards[shard].streams[place].owed == 0 {
                    shards[shard].ready.append(place)
                }
            case .refused:
                guard shards[shard].streams[place].owed == 0 else { break }
                shards[shard].refused.append(place)
                shards[shard].refusedAt = reply.committed
            case .gone: shards[shard].streams[place].isOver = true
            }
            if shards[shard].streams[place].isFinished { finish(place, of: shard, marking: &dirty) }
        }
    }

    /// If it was the last one of its generation, that is noted, and the next generation is read. Only then the rows of
    /// its streams go: until then they say that those that are finished are not to be read again.
    mutating func finish(_ place: Int, of shard: Int, marking dirty: inout DirtyState) {
        let address = shards[shard].streams[place].cursor.address
        shards[shard].settleGeneration()
        guard shards[shard].generation > address.generation,
            address.generation > shards[shard].finished ?? 0
        else { return }
        shards[shard].finished = address.generation
        dirty.change(.rank(shard))
        for place in shards[shard].streams.indices
        where shards[shard].streams[place].cursor.address.generation <= address.generation {
            guard shards[shard].streams[place].batch != nil else { continue }
            shards[shard].streams[place].batch = nil
            dirty.change(.stream(shard: shard, shards[shard].streams[place].cursor.address))
        }
    }

    private mutating func number(_ reply: ReadReply, marking dirty: inout DirtyState) {
        let shard = reply.shard
        var last = -1
        for message in reply.messages.messages {
            let cursor = reply.cursors[message.cursor]
            guard let place = shards[shard].places[cursor.address] else { continue }
            if message.cursor != last {
                last = message.cursor
                let qos1 = dirty.counters[.nextQoS1], qos2 = dirty.counters[.nextQoS2]
                shards[shard].streams[place].batch = StateValue.Stream(
                    begin: shards[shard].streams[place].cursor.after, end: cursor.after,
                    batchSize: 0, firstQoS1: qos1 + 1, lastQoS1: qos1, firstQoS2: qos2 + 1,
                    lastQoS2: qos2)
                dirty.change(.stream(shard: shard, cursor.address))
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

    mutating func completed(_ cursor: Delivery.Cursor, marking dirty: inout DirtyState) {
        guard let place = shards[cursor.shard].places[cursor.address] else { return }
        precondition(shards[cursor.shard].streams[place].owed > 0)
        shards[cursor.shard].streams[place].owed -= 1
        guard shards[cursor.shard].streams[place].owed == 0 else { return }
        if shards[cursor.shard].streams[place].isBare {
            // Only PUBCOMP was missing: what storage reads again is not needed any more.
            shards[cursor.shard].streams[place].isBare = false
            bare -= 1
        }
        if shards[cursor.shard].streams[place].isOver {
            finish(place, of: cursor.shard, marking: &dirty)
        } else {
            shards[cursor.shard].ready.append(place)
        }
    }

    mutating func learnStreams(of shard: Int, from store: any DurableStore) {
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
            } else if address.generation > shards[shard].finished ?? 0 {
                shards[shard].places[address] = shards[shard].streams.count
                shards[shard].ready.append(shards[shard].streams.count)
                shards[shard].streams.append(begin(cursor, in: shard))
            }
        }
        shards[shard].settleGeneration()
    }
}
