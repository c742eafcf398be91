package import MQTT
internal import Measure

/// A store that takes messages and gives none back: nothing is decided, so nobody waits for it, and nothing
/// is there to be read.
package protocol WriteOnlyStore: DurableStore {}

extension WriteOnlyStore {
    package var acknowledgement: Durability.Acknowledgement { .onEnqueue }
    package var sessionCommits: EngineModel.SessionCommits { .every(.seconds(5)) }
    package func free(_ id: PacketID, of publisher: Publisher) -> Receipt {
        Receipt(lane: publisher.shard, position: 0)
    }
    package func forEachAwaitedRelease(
        _ body: (_ client: String, _ id: PacketID) -> Void
    ) throws(RocksError) {}
    package func commit(_ changes: SessionChanges) -> Receipt {
        Receipt(lane: sessionLane, position: 0)
    }
    package func forEachSession(
        _ body: (_ client: String, _ rows: [StateKey: StateValue]) -> Void
    ) throws(RocksError) -> Int { 0 }
    package func retain(_ topic: [UInt8], _ row: RetainedRow?) -> Receipt {
        Receipt(lane: retainedLane, position: 0)
    }
    package func takeRetained() -> [RetainedRow] { [] }
    package func sessionRows(of client: String) -> [StateKey: StateValue] { [:] }
    package func takeSettled() -> [Settlement] { [] }
    package func committed(in shard: Int) -> Int { 0 }
    package func streamCount(in shard: Int) -> Int { 0 }
    package func cursors(
        in shard: Int, matching filter: TopicFilter, after: UInt64
    ) -> [StreamCursor] { [] }
    package func now(in shard: Int) -> UInt64 { 0 }
    package func request(_ request: ReadRequest) {}
    package func takeReplies() -> [ReadReply] { [] }
    package func onNews(_ notify: @escaping @Sendable () -> Void) {}
}
