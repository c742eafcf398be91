internal import MQTT
internal import Measure
internal import Storage

/// What is left of a session's reading while it is away, or was found in its tables.
extension Reading {
    /// How far the streams are read, without what is learned anew when the session comes back.
    struct Kept {
        struct Place {
            let shard: Int
            let address: StreamAddress
            let after: UInt64
            var owed = 0
            var isOver = false
            var isBare = false
            var batch: StateValue.Stream?
        }

        var places: [Place] = []
        /// By shard, see `finished(in:)`.
        var finished: [Int: Int] = [:]
    }

    /// Of a session that was found in the tables.
    /// - Parameter begins: the timestamps of each shard when a subscription began, in the order of `subscriptions`.
    init(
        _ subscriptions: [Session.Subscription], begins: [[UInt64]], kept: Kept, epoch: Int
    ) {
        shards = []
        self.kept = kept
        self.epoch = epoch
        bare = kept.places.count { $0.isBare }
        interests = zip(subscriptions, begins).map { Interest(subscription: $0, begins: $1) }
    }

    /// The session is away: questions under way are answered for nobody.
    mutating func rest(epoch: Int) {
        self.epoch = epoch
        guard !shards.isEmpty else { return }
        for shard in shards.indices {
            if let finished = shards[shard].finished { kept.finished[shard] = finished }
            let begin = interests.map { $0.begins[shard] }.min() ?? 0
            for stream in shards[shard].streams {
                guard stream.owed > 0 || stream.isOver || stream.cursor.after > begin else {
                    continue
                }
                kept.places.append(
                    Kept.Place(
                        shard: shard, address: stream.cursor.address, after: stream.cursor.after,
                        owed: stream.owed, isOver: stream.isOver, isBare: stream.isBare,
                        batch: stream.batch))
            }
        }
        shards = []
    }

    /// The session is back.
    mutating func wake(epoch: Int, store: any DurableStore) {
        self.epoch = epoch
        guard shards.isEmpty else { return }
        shards = Array(repeating: Shard(), count: store.shards)
        for (shard, finished) in kept.finished where shard < shards.count {
            shards[shard].finished = finished
        }
        for place in kept.places where place.shard < shards.count {
            let number = shards[place.shard].streams.count
            shards[place.shard].places[place.address] = number
            shards[place.shard].streams.append(
                Stream(
                    cursor: StreamCursor(
                        stream: place.address.stream, generation: place.address.generation,
                        after: place.after), owed: place.owed, isOver: place.isOver,
                    isBare: place.isBare, batch: place.batch))
            if place.owed == 0, !place.isOver { shards[place.shard].ready.append(number) }
        }
        kept = Kept()
        // What they want of their streams has to be known before anything is read again.
        for shard in shards.indices where shards[shard].streams.contains(where: { $0.owed > 0 }) {
            learnStreams(of: shard, from: store)
        }
    }

    /// Messages of before a restart are still to be read again.
    var hasBare: Bool { bare > 0 }

    /// Questions for the batches that were given out and are not completed, each between its two ends; the last one
    /// is to be asked first.
    func replays(
        session: Int, client: [UInt8], of store: any DurableStore, limit: Int
    ) -> [ReadRequest] {
        var requests: [(first: Int, request: ReadRequest)] = []
        for shard in shards.indices {
            let wanted = wanted(in: shard)
            for stream in shards[shard].streams where stream.owed > 0 {
                var cursor = stream.cursor
                if let batch = stream.batch { cursor.after = batch.begin }
                cursor.through = stream.cursor.after
                let request = ReadRequest(
                    session: session, epoch: epoch, client: client, shard: shard,
                    cursors: [cursor], wanted: wanted,
                    limit: max(limit, stream.batch?.batchSize ?? 0))
                let first = stream.batch.map { $0.firstQoS1 + $0.firstQoS2 } ?? 0
                requests.append((first, request))
            }
        }
        return requests.sorted { $0.first > $1.first }.map(\.request)
    }

    /// The batch of a stream, if its messages have to be read again.
    func bare(_ address: StreamAddress, in shard: Int) -> StateValue.Stream? {
        guard let place = shards[shard].places[address], shards[shard].streams[place].isBare
        else { return nil }
        return shards[shard].streams[place].batch
    }

    /// They are read; `owed` of them are not completed.
    mutating func adopted(
        _ address: StreamAddress, in shard: Int, owed: Int, marking dirty: inout DirtyState
    ) {
        guard let place = shards[shard].places[address] else { return }
        if shards[shard].streams[place].isBare { bare -= 1 }
        shards[shard].streams[place].isBare = false
        shards[shard].streams[place].owed = owed
        guard owed == 0 else { return }
        if shards[shard].streams[place].isOver {
            finish(place, of: shard, marking: &dirty)
        } else {
            shards[shard].ready.append(place)
        }
    }
}
