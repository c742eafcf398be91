/// Who has a shard's writer: its own thread, which sleeps until messages come, or for one small batch the thread that
/// brought them. To wake a thread for every message of a broker that is not busy takes more time than the message.
final class WriterSeat: Sendable {
    private let shard: Shard
    private let writer: SleepingMutex<ShardWriter>
    private let isQuick: Bool

    init(_ shard: Shard, options: StoreOptions, state: StoreState, log: SharedLog?) {
        self.shard = shard
        let writer = ShardWriter(
            shard, options: options, state: state, lane: log?.lane(of: shard.number))
        isQuick = writer.isQuick
        self.writer = SleepingMutex(writer)
    }

    /// The writer's own thread, until the inbox is closed and empty.
    func run() {
        WriteBatch.timeStalls()
        while true {
            let sleep = writer.withLock { $0.sleep }
            guard shard.inbox.sleep(until: sleep.until, enough: sleep.enough, bytes: sleep.bytes)
            else { break }
            writer.withLock { $0.turn() }
        }
        writer.withLock { $0.finish() }
    }

    /// From the thread that submits: commits what has come while wakes were held, if its writer sleeps and nothing
    /// makes the caller wait.
    /// - Parameter most: messages that the calling thread may commit; more are left to `release`.
    /// - Returns: messages that it did.
    func commitInPlace(atMost most: Int) -> Int {
        guard isQuick, most > 0, shard.inbox.owesWake else { return 0 }
        switch writer.withLockIfFree({ $0.turnInPlace(atMost: most) }) {
        case .committed(let count):
            shard.inbox.owesWake = false
            return count
        case .heldBack:
            release()
            return 0
        case .left, nil: return 0
        }
    }

    /// From the thread that submits: wakes the writer's thread for what has come while wakes were held.
    func release() {
        guard shard.inbox.owesWake else { return }
        shard.inbox.owesWake = false
        shard.inbox.call()
    }
}
