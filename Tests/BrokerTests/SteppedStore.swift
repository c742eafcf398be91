import Layout
import MQTT
import Measure
import Storage
import Synchronization

/// The model, one step at a time: commits and answers happen when the test says so, and questions are
/// counted.
final class SteppedStore: DurableStore {
    private struct State: Sendable {
        /// Lane and what a commit does.
        var submitted: [(shard: Int, commit: @Sendable () -> Void)] = []
        var settled: [Settlement] = []
        /// Accepted and decided, by shard.
        var accepted: [Int]
        var decided: [Int]
        var changes: [SessionChanges] = []
        /// Of these the first so many are committed.
        var committedChanges = 0
        var retained: [(topic: [UInt8], row: RetainedRow?)] = []
        var committedRetained = 0
        var asked: [ReadRequest] = []
        var looks = 0
        var questions = 0
        var streams = 0
        var replays = 0
        var stored = 0
    }

    private let model: MemoryStore
    private let state: Mutex<State>
    let acknowledgement: Durability.Acknowledgement
    let sessionCommits: EngineModel.SessionCommits

    init(
        shards: Int, acknowledgement: Durability.Acknowledgement = .onEnqueue,
        sessionCommits: EngineModel.SessionCommits = .every(.seconds(5)),
        storesForQoS0: Bool = true
    ) {
        self.storesForQoS0 = storesForQoS0
        model = MemoryStore(shards: shards)
        let zeros = [Int](repeating: 0, count: shards)
        state = Mutex(State(accepted: zeros, decided: zeros))
        self.acknowledgement = acknowledgement
        self.sessionCommits = sessionCommits
    }

    let storesForQoS0: Bool
    var shards: Int { model.shards }
    var format: RowFormat { model.format }
    /// Calls of `committed(in:)`.
    var looks: Int { state.withLock { $0.looks } }
    var questions: Int { state.withLock { $0.questions } }
    /// Streams that all questions together asked for.
    var streams: Int { state.withLock { $0.streams } }
    /// Questions for a batch by its two ends.
    var replays: Int { state.withLock { $0.replays } }
    /// Messages submitted so far.
    var stored: Int { state.withLock { $0.stored } }
    var isBusy: Bool {
        state.withLock {
            !$0.submitted.isEmpty || !$0.asked.isEmpty || !$0.settled.isEmpty
                || $0.committedChanges < $0.changes.count
                || $0.committedRetained < $0.retained.count
        }
    }

    func submit(
        _ submission: Submission, from publisher: Publisher, topic: RawSpan, properties: RawSpan,
        payload: RawSpan
    ) -> Receipt {
        let topic = topic.withUnsafeBytes { Array($0) }
        let properties = properties.withUnsafeBytes { Array($0) }
        let payload = payload.withUnsafeBytes { Array($0) }
        let shard = publisher.shard
        return state.withLock {
            $0.stored += 1
            $0.accepted[shard] += 1
            $0.submitted.append(
                (
                    shard,
                    { [model] in
                        _ = model.submit(
                            submission, from: publisher, topic: topic.span.bytes,
                            properties: properties.span.bytes, payload: payload.span.bytes)
                    }
                ))
            return Receipt(lane: shard, position: $0.accepted[shard])
        }
    }

    func free(_ id: PacketID, of publisher: Publisher) -> Receipt {
        state.withLock {
            $0.accepted[publisher.shard] += 1
            $0.submitted.append((publisher.shard, { [model] in _ = model.free(id, of: publisher) }))
            return Receipt(lane: publisher.shard, position: $0.accepted[publisher.shard])
        }
    }

    /// The identifiers that are committed.
    func forEachAwaitedRelease(
        _ body: (_ client: String, _ id: PacketID) -> Void
    ) throws(RocksError) { try model.forEachAwaitedRelease(body) }

    /// Session state that was handed over so far, in order.
    var changes: [SessionChanges] { state.withLock { $0.changes } }

    func commit(_ changes: SessionChanges) -> Receipt {
        state.withLock {
            $0.changes.append(changes)
            return Receipt(lane: sessionLane, position: $0.changes.count)
        }
    }

    func retain(_ topic: [UInt8], _ row: RetainedRow?) -> Receipt {
        state.withLock {
            $0.retained.append((topic, row))
            return Receipt(lane: retainedLane, position: $0.retained.count)
        }
    }

    func takeRetained() -> [RetainedRow] { model.takeRetained() }

    /// Changes of the retained messages are committed, or lost.
    func commitRetained(_ refusal: Refusal? = nil) {
        let changes = state.withLock { state in
            defer { state.committedRetained = state.retained.count }
            if acknowledgement == .onCommit, state.committedRetained < state.retained.count {
                state.settled.append(
                    Settlement(lane: retainedLane, through: state.retained.count, refusal: refusal))
            }
            return state.retained.dropFirst(state.committedRetained)
        }
        guard refusal == nil else { return }
        for (topic, row) in changes { _ = model.retain(topic, row) }
    }

    /// The rows that are committed.
    func sessionRows(of client: String) -> [StateKey: StateValue] { model.sessionRows(of: client) }

    @discardableResult
    func forEachSession(
        _ body: (_ client: String, _ rows: [StateKey: StateValue]) -> Void
    ) throws(RocksError) -> Int { try model.forEachSession(body) }

    func takeSettled() -> [Settlement] {
        state.withLock { state in
            defer { state.settled = [] }
            return state.settled
        }
    }

    func request(_ request: ReadRequest) {
        state.withLock {
            $0.questions += 1
            $0.streams += request.cursors.count
            $0.replays += request.cursors.count { $0.isBounded }
            $0.asked.append(request)
        }
    }

    /// Everything submitted becomes durable.
    func commit() {
        for submitted in decide(nil) { submitted.commit() }
    }

    /// Everything submitted is lost.
    func lose(_ refusal: Refusal = .other) { _ = decide(refusal) }

    private func decide(_ refusal: Refusal?) -> [(shard: Int, commit: @Sendable () -> Void)] {
        state.withLock { state in
            defer { state.submitted = [] }
            for (shard, _) in state.submitted {
                state.decided[shard] += 1
                if acknowledgement == .onCommit {
                    state.settled.append(
                        Settlement(lane: shard, through: state.decided[shard], refusal: refusal))
                }
            }
            return state.submitted
        }
    }

    /// Session state that was handed over is committed, or lost.
    func commitState(_ refusal: Refusal? = nil) {
        let changes = state.withLock { state in
            defer { state.committedChanges = state.changes.count }
            if sessionCommits == .beforePromise, !state.changes.isEmpty {
                state.settled.append(
                    Settlement(lane: sessionLane, through: state.changes.count, refusal: refusal))
            }
            return state.changes.dropFirst(state.committedChanges)
        }
        guard refusal == nil else { return }
        for change in changes { _ = model.commit(change) }
    }

    /// Everything asked is answered.
    func answer() {
        let asked = state.withLock { state in
            defer { state.asked = [] }
            return state.asked
        }
        for request in asked { model.request(request) }
    }

    /// Messages and session state become durable, questions are answered.
    func step() {
        commit()
        commitState()
        commitRetained()
        answer()
    }

    func committed(in shard: Int) -> Int {
        state.withLock { $0.looks += 1 }
        return model.committed(in: shard)
    }
    func streamCount(in shard: Int) -> Int { model.streamCount(in: shard) }
    func cursors(in shard: Int, matching filter: TopicFilter, after: UInt64) -> [StreamCursor] {
        model.cursors(in: shard, matching: filter, after: after)
    }
    func now(in shard: Int) -> UInt64 { model.now(in: shard) }
    func takeReplies() -> [ReadReply] { model.takeReplies() }
    func onNews(_ notify: @escaping @Sendable () -> Void) { model.onNews(notify) }
}
