package import Layout
package import MQTT
package import Measure

/// What sessions need from durable storage. `ShardedStore` is the real one; `MemoryStore` is the model
/// that tests compare it with.
///
/// Writing and reading are both asynchronous, as in EMQX: a message is durable some time after it was
/// accepted, and a reader asks and is answered later. Nothing here waits for a disk.
package protocol DurableStore: AnyObject, Sendable {
    var shards: Int { get }
    /// What its rows look like; publishers' headers have to be made for it.
    var format: RowFormat { get }

    /// When a publisher is to be told that its message was accepted.
    var acknowledgement: Durability.Acknowledgement { get }

    /// Whether a durable session's subscription at QoS 0 makes its messages durable: in EMQX 5.8 and 5.9 any
    /// of its subscriptions does, from 5.10 on those at QoS 0 are served from memory (reference 3.1).
    var storesForQoS0: Bool { get }

    /// When session state has to be committed.
    var sessionCommits: EngineModel.SessionCommits { get }

    /// Leaves a message for `publisher`'s shard. The bytes are copied; returns at once.
    /// - Parameter properties: MQTT 5 property bytes without their length; empty before version 5.
    /// - Returns: what its decision will be known by; lane is the publisher's shard.
    @discardableResult
    func submit(
        _ submission: Submission, from publisher: Publisher, topic: RawSpan, properties: RawSpan,
        payload: RawSpan
    ) -> Receipt

    /// Whether the write of a message at QoS 2 also keeps its packet identifier, if `Submission.handshake` says so.
    var keepsHandshakes: Bool { get }

    /// PUBREL has come for a message whose write kept its identifier: the identifier is free once that is committed.
    /// Returns at once.
    /// - Returns: what its decision will be known by; lane is the publisher's shard.
    @discardableResult
    func free(_ id: PacketID, of publisher: Publisher) -> Receipt

    /// Hands over the identifiers that were kept and not freed: what a broker begins with. Nothing may be submitted
    /// meanwhile.
    /// - Throws: what the disk says.
    func forEachAwaitedRelease(
        _ body: (_ client: String, _ id: PacketID) -> Void
    ) throws(RocksError)

    /// Until `release` messages only gather: their writers sleep on, so that what comes in one turn of an
    /// event loop is one batch of each shard, and one wake of its writer. From the thread that submits.
    func hold()

    /// Between `hold` and `release`: commits what has gathered, as far as it is little, its writers sleep and nothing
    /// makes the caller wait. From the thread that submits.
    /// - Returns: whether anything was committed.
    func commitInPlace() -> Bool

    /// Wakes writers for what has gathered since `hold`, and readers for what they can read of it. From the thread that
    /// submits.
    /// - Parameter inPlace: does as much of it on the calling thread as is little and makes it wait for nothing.
    /// - Returns: how long what can be read may gather before it is read, by the next call of `hold` and `release`;
    ///   nil if nothing is left.
    @discardableResult
    func release(inPlace: Bool) -> Nanoseconds?

    /// Leaves changed session state for its tables. Returns at once.
    /// - Returns: what its decision will be known by; lane is `sessionLane`.
    @discardableResult
    func commit(_ changes: SessionChanges) -> Receipt

    /// Hands over every session that is kept, with its rows as they are committed, one at a time: what a broker
    /// begins with. Nothing may be committed meanwhile.
    /// - Returns: rows that belong to no session.
    /// - Throws: what the disk says, and for a row that another program wrote.
    @discardableResult
    func forEachSession(
        _ body: (_ client: String, _ rows: [StateKey: StateValue]) -> Void
    ) throws(RocksError) -> Int

    /// Leaves a retained message for its table, or nil to delete what is kept for `topic`. Returns at once.
    /// - Returns: what its decision will be known by; lane is `retainedLane`.
    @discardableResult
    func retain(_ topic: [UInt8], _ row: RetainedRow?) -> Receipt

    /// The retained messages that were kept when the store was opened; the second call gives nothing.
    func takeRetained() -> [RetainedRow]

    /// The rows of a session, or of a shared group, as they are committed; none for one that is not kept.
    /// - Throws: what the disk says, and for a row that another program wrote.
    func sessionRows(of client: String) throws(RocksError) -> [StateKey: StateValue]

    /// What was decided since the last call, if anybody is to wait for it: with acknowledgement on enqueue
    /// and session state on a timer there is nothing.
    func takeSettled() -> [Settlement]

    /// Messages committed in `shard` so far. A reader that has seen this number has nothing to ask for.
    func committed(in shard: Int) -> Int

    /// Streams that `shard` has learned so far; grows, never shrinks.
    func streamCount(in shard: Int) -> Int

    /// The streams of `shard` that may hold messages for `filter`, with what it wants of their varying
    /// levels: those of older generations first.
    /// - Parameter after: timestamp (µs) of the shard after which reading begins.
    func cursors(in shard: Int, matching filter: TopicFilter, after: UInt64) -> [StreamCursor]

    /// The microsecond timestamp that the next message of `shard` will at least have: a subscription that
    /// begins now reads after it.
    func now(in shard: Int) -> UInt64

    /// Asks for the next messages of some streams, and says how long to wait for them; answered, once,
    /// through `takeReplies`, unless the store is closed before.
    func request(_ request: ReadRequest)

    /// Answers that have arrived since the last call.
    func takeReplies() -> [ReadReply]

    /// Called, from any thread, whenever a commit or a reply may have something for sessions.
    func onNews(_ notify: @escaping @Sendable () -> Void)
}

extension DurableStore {
    package var storesForQoS0: Bool { true }
    package var keepsHandshakes: Bool {
        acknowledgement == .onCommit && sessionCommits == .beforePromise
    }
    package func hold() {}
    package func release(inPlace: Bool) -> Nanoseconds? { nil }
    package func commitInPlace() -> Bool { false }

    /// The lane of receipts for session state; those below it are the shards'.
    package var sessionLane: Int { shards }
    /// The lane of receipts for retained messages.
    package var retainedLane: Int { shards + 1 }

    /// Static keys of the streams of `shard` that may hold messages for `filter`.
    package func streams(in shard: Int, matching filter: TopicFilter) -> [StreamID] {
        cursors(in: shard, matching: filter, after: 0).map(\.stream)
    }
}
