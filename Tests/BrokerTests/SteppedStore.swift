import MQTT
import Storage
import Synchronization

/// The model, one step at a time: commits and answers happen when the test says so, and questions are
/// counted.
final class SteppedStore: DurableStore {
    private struct State: Sendable {
        var submitted: [@Sendable () -> Void] = []
        var asked: [ReadRequest] = []
        var looks = 0
        var questions = 0
        var streams = 0
        var replays = 0
        var stored = 0
    }

    private let model: MemoryStore
    private let state = Mutex(State())

    init(shards: Int) { model = MemoryStore(shards: shards) }

    var shards: Int { model.shards }
    /// Calls of `committed(in:)`.
    var looks: Int { state.withLock { $0.looks } }
    var questions: Int { state.withLock { $0.questions } }
    /// Streams that all questions together asked for.
    var streams: Int { state.withLock { $0.streams } }
    /// Questions for a batch by its two ends.
    var replays: Int { state.withLock { $0.replays } }
    /// Messages submitted so far.
    var stored: Int { state.withLock { $0.stored } }
    var isBusy: Bool { state.withLock { !$0.submitted.isEmpty || !$0.asked.isEmpty } }

    func submit(
        _ submission: Submission, from publisher: Publisher, topic: RawSpan, properties: RawSpan,
        payload: RawSpan
    ) {
        let topic = topic.withUnsafeBytes { Array($0) }
        let properties = properties.withUnsafeBytes { Array($0) }
        let payload = payload.withUnsafeBytes { Array($0) }
        state.withLock {
            $0.stored += 1
            $0.submitted.append { [model] in
                model.submit(
                    submission, from: publisher, topic: topic.span.bytes,
                    properties: properties.span.bytes, payload: payload.span.bytes)
            }
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
        let submitted = state.withLock { state in
            defer { state.submitted = [] }
            return state.submitted
        }
        for submit in submitted { submit() }
    }

    /// Everything asked is answered.
    func answer() {
        let asked = state.withLock { state in
            defer { state.asked = [] }
            return state.asked
        }
        for request in asked { model.request(request) }
    }

    func step() {
        commit()
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
