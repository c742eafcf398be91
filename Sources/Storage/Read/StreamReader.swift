internal import Dispatch
internal import Layout
internal import MQTT
internal import Synchronization

/// Answers sessions' questions from a thread of its own, so that no read ever holds a session back.
/// A scan opens an iterator and closes it again, as EMQX's workers do (reference 4.2).
final class StreamReader: Sendable {
    private struct State {
        var questions: [ReadRequest] = []
        var answers: [ReadReply] = []
        var stopped = false
    }

    private let shards: [Shard]
    private let store: StoreState
    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    init(_ shards: [Shard], state store: StoreState) {
        self.shards = shards
        self.store = store
    }

    /// Answers until `stop`. Takes all questions that wait at once.
    func run() {
        while let questions = take() {
            for question in questions {
                let reply = read(question)
                let stopped = state.withLock { state in
                    state.answers.append(reply)
                    return state.stopped
                }
                store.announce()
                if stopped { return }
            }
        }
    }

    func stop() {
        state.withLock { $0.stopped = true }
        wake.signal()
    }

    func request(_ question: ReadRequest) {
        state.withLock { $0.questions.append(question) }
        wake.signal()
    }

    func takeReplies() -> [ReadReply] {
        state.withLock { state in
            guard !state.answers.isEmpty else { return [] }
            defer { state.answers = [] }
            return state.answers
        }
    }

    /// - Returns: nil when the reader is to stop.
    private func take() -> [ReadRequest]? {
        while true {
            let taken: [ReadRequest]? = state.withLock { state in
                if state.stopped { return nil }
                defer { state.questions = [] }
                return state.questions
            }
            guard let taken else { return nil }
            if !taken.isEmpty { return taken }
            wake.wait()
        }
    }

    /// A read that RocksDB refuses counts as a failure of the store, and is not tried again.
    private func read(_ question: ReadRequest) -> ReadReply {
        let shard = shards[question.shard]
        let committed = shard.committed.load(ordering: .acquiring)
        var scan = StreamScan(question, store.options.format)
        var failed = false
        do throws(RocksError) {
            store.enterDisk()
            defer { store.leaveDisk() }
            try scan.run(in: shard)
        } catch {
            store.fail(shard: shard.number, error, losing: 0)
            failed = true
        }
        return ReadReply(
            session: question.session, epoch: question.epoch, shard: question.shard,
            cursors: scan.cursors,
            messages: StoredBatch(bytes: scan.bytes, messages: scan.messages),
            complete: failed ? scan.cursors.count : scan.complete, committed: committed)
    }
}
