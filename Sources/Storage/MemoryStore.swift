package import Layout
package import MQTT
internal import Measure
internal import Synchronization

/// The model: what was submitted, in order, in memory, durable at once. Tests compare `ShardedStore` with
/// it and run sessions on it.
package final class MemoryStore: DurableStore {
    private struct Message {
        let timestamp: UInt64
        let submission: Submission
        let publisher: [UInt8]
        let topic: [UInt8]
        let properties: [UInt8]
        let payload: [UInt8]
    }

    private struct Shard {
        /// One stream for each topic.
        var names: [[UInt8]: StreamID] = [:]
        var streams: [StreamID: [Message]] = [:]
        var count = 0
        /// Messages and freed identifiers.
        var decided = 0
        var latest: UInt64 = 0
    }

    private struct State {
        var shards: [Shard]
        /// Questions that wait for news.
        var polls: [ReadRequest] = []
        var replies: [ReadReply] = []
        var settled: [Settlement] = []
        var sessions: [String: [StateKey: StateValue]] = [:]
        var changes = 0
        /// By topic.
        var retained: [[UInt8]: RetainedRow] = [:]
        var retainedChanges = 0
        /// Packet identifiers kept with messages, by client.
        var awaited: [String: Set<PacketID>] = [:]
        var listeners: [@Sendable () -> Void] = []

        mutating func settle(_ receipt: Receipt) {
            settled.append(Settlement(lane: receipt.lane, through: receipt.position))
        }

        /// Answers the questions that waited for a message of `stream` and want it.
        mutating func wake(_ stream: StreamID, in shard: Int) {
            polls.removeAll { request in
                guard request.shard == shard,
                    request.cursors.contains(where: { $0.stream == stream })
                else { return false }
                let reply = MemoryStore.answer(request, from: shards[shard])
                if reply.messages.messages.isEmpty { return false }
                replies.append(reply)
                return true
            }
        }
    }

    private let state: Mutex<State>
    package let shards: Int
    package var format: RowFormat { RowFormat() }
    package let acknowledgement: Durability.Acknowledgement
    package let sessionCommits: EngineModel.SessionCommits

    package init(
        shards: Int, acknowledgement: Durability.Acknowledgement = .onEnqueue,
        sessionCommits: EngineModel.SessionCommits = .every(.seconds(5))
    ) {
        self.shards = shards
        self.acknowledgement = acknowledgement
        self.sessionCommits = sessionCommits
        state = Mutex(State(shards: Array(repeating: Shard(), count: shards)))
    }

    @discardableResult
    package func submit(
        _ submission: Submission, from publisher: Publisher, topic: RawSpan, properties: RawSpan,
        payload: RawSpan
    ) -> Receipt {
        let topic = topic.withUnsafeBytes { Array($0) }
        let properties = properties.withUnsafeBytes { Array($0) }
        let payload = payload.withUnsafeBytes { Array($0) }
        let client = Array(publisher.header.clientID.utf8)
        let (receipt, listeners) = state.withLock { state in
            let number = publisher.shard
            let next = UInt64(state.shards[number].names.count + 1)
            let stream = state.shards[number].names[topic] ?? StreamID(rawValue: next)
            state.shards[number].names[topic] = stream
            let latest = max(
                state.shards[number].latest + 1, UInt64(max(0, submission.timestamp)) * 1_000)
            state.shards[number].latest = latest
            state.shards[number].count += 1
            state.shards[number].streams[stream, default: []].append(
                Message(
                    timestamp: latest, submission: submission, publisher: client, topic: topic,
                    properties: properties, payload: payload))
            if case .awaitsRelease(let id) = submission.handshake {
                state.awaited[publisher.header.clientID, default: []].insert(id)
            }
            state.wake(stream, in: number)
            state.shards[number].decided += 1
            let receipt = Receipt(lane: number, position: state.shards[number].decided)
            if acknowledgement == .onCommit { state.settle(receipt) }
            return (receipt, state.listeners)
        }
        for notify in listeners { notify() }
        return receipt
    }

    @discardableResult
    package func free(_ id: PacketID, of publisher: Publisher) -> Receipt {
        let (receipt, listeners) = state.withLock { state in
            state.awaited[publisher.header.clientID]?.remove(id)
            state.shards[publisher.shard].decided += 1
            let receipt = Receipt(
                lane: publisher.shard, position: state.shards[publisher.shard].decided)
            if acknowledgement == .onCommit { state.settle(receipt) }
            return (receipt, state.listeners)
        }
        for notify in listeners { notify() }
        return receipt
    }

    package func forEachAwaitedRelease(
        _ body: (_ client: String, _ id: PacketID) -> Void
    ) throws(RocksError) {
        let awaited = state.withLock { $0.awaited }
        for (client, ids) in awaited.sorted(by: { $0.key < $1.key }) {
            for id in ids.sorted() { body(client, id) }
        }
    }

    @discardableResult
    package func commit(_ changes: SessionChanges) -> Receipt {
        let (receipt, listeners) = state.withLock { state in
            for key in changes.deleted { state.sessions[changes.client]?[key] = nil }
            state.sessions[changes.client, default: [:]].merge(changes.rows) { $1 }
            if changes.isEnd { state.sessions[changes.client] = nil }
            state.changes += 1
            let receipt = Receipt(lane: sessionLane, position: state.changes)
            if sessionCommits == .beforePromise { state.settle(receipt) }
            return (receipt, state.listeners)
        }
        for notify in listeners { notify() }
        return receipt
    }

    @discardableResult
    package func retain(_ topic: [UInt8], _ row: RetainedRow?) -> Receipt {
        let (receipt, listeners) = state.withLock { state in
            state.retained[topic] = row
            state.retainedChanges += 1
            let receipt = Receipt(lane: retainedLane, position: state.retainedChanges)
            if acknowledgement == .onCommit { state.settle(receipt) }
            return (receipt, state.listeners)
        }
        for notify in listeners { notify() }
        return receipt
    }

    /// All that is kept, also a second time: a model is not opened, so whoever asks is its next user.
    package func takeRetained() -> [RetainedRow] { state.withLock { Array($0.retained.values) } }

    package func takeSettled() -> [Settlement] {
        state.withLock { state in
            defer { state.settled = [] }
            return state.settled
        }
    }

    /// The rows of a session; none for one that is not kept.
    package func sessionRows(of client: String) -> [StateKey: StateValue] {
        state.withLock { $0.sessions[client] ?? [:] }
    }

    @discardableResult
    package func forEachSession(
        _ body: (_ client: String, _ rows: [StateKey: StateValue]) -> Void
    ) throws(RocksError) -> Int {
        let sessions = state.withLock { $0.sessions }
        for (client, rows) in sessions.sorted(by: { $0.key < $1.key }) { body(client, rows) }
        return 0
    }

    package func committed(in shard: Int) -> Int {
        state.withLock { $0.shards[shard].count }
    }

    package func streamCount(in shard: Int) -> Int {
        state.withLock { $0.shards[shard].streams.count }
    }

    package func cursors(
        in shard: Int, matching filter: TopicFilter, after: UInt64
    ) -> [StreamCursor] {
        state.withLock { state in
            state.shards[shard].names.filter { filter.matches($0.key.span.bytes) }.map(\.value)
                .sorted { $0.rawValue < $1.rawValue }
                .map { StreamCursor(stream: $0, after: after) }
        }
    }

    package func now(in shard: Int) -> UInt64 { state.withLock { $0.shards[shard].latest } }

    package func request(_ request: ReadRequest) {
        let listeners = state.withLock { state in
            let reply = Self.answer(request, from: state.shards[request.shard])
            let isBounded = reply.cursors.allSatisfy(\.isBounded)
            if request.wait != nil, !isBounded, reply.messages.messages.isEmpty {
                state.polls.append(request)
                return [] as [@Sendable () -> Void]
            }
            state.replies.append(reply)
            return state.listeners
        }
        for notify in listeners { notify() }
    }

    /// Answers all that waits, as if its time were over: the model has no clock.
    package func expirePolls() {
        let listeners = state.withLock { state in
            for request in state.polls {
                state.replies.append(Self.answer(request, from: state.shards[request.shard]))
            }
            state.polls = []
            return state.listeners
        }
        for notify in listeners { notify() }
    }

    private static func answer(_ request: ReadRequest, from shard: Shard) -> ReadReply {
        var cursors = request.cursors
        var bytes: [UInt8] = []
        var found: [StoredBatch.Message] = []
        var complete = 0
        for place in cursors.indices {
            for message in shard.streams[cursors[place].stream] ?? []
            where message.timestamp > cursors[place].after
                && message.timestamp <= cursors[place].through && found.count < request.limit
            {
                cursors[place].after = message.timestamp
                let granted = request.granted(
                    message.topic.span.bytes, from: message.publisher.span.bytes,
                    at: message.timestamp)
                guard let granted else { continue }
                let start = bytes.count
                bytes += message.topic + message.properties + message.payload
                let topicEnd = start + message.topic.count
                let propertiesEnd = topicEnd + message.properties.count
                let payloadEnd = bytes.count
                if granted.hasIdentifier {
                    request.appendIdentifiers(
                        message.topic.span.bytes, from: message.publisher.span.bytes,
                        at: message.timestamp, to: &bytes)
                }
                found.append(
                    StoredBatch.Message(
                        topic: start..<topicEnd, properties: topicEnd..<propertiesEnd,
                        payload: propertiesEnd..<payloadEnd, identifiers: payloadEnd..<bytes.count,
                        qos: min(message.submission.qos, granted.qos),
                        retain: message.submission.retain && granted.retainAsPublished,
                        cursor: place, timestamp: message.timestamp,
                        published: message.submission.timestamp,
                        expiry: messageExpiryInterval(in: message.properties.span.bytes)))
            }
            if found.count < request.limit { complete = place + 1 }
        }
        return ReadReply(
            session: request.session, epoch: request.epoch, shard: request.shard, cursors: cursors,
            messages: StoredBatch(bytes: bytes, messages: found),
            complete: complete, over: [], committed: shard.count, outcome: .read)
    }

    package func takeReplies() -> [ReadReply] {
        state.withLock { state in
            defer { state.replies = [] }
            return state.replies
        }
    }

    package func onNews(_ notify: @escaping @Sendable () -> Void) {
        state.withLock { $0.listeners.append(notify) }
    }
}
