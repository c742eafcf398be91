internal import Layout
package import MQTT
internal import Synchronization

/// Counts what a store would write, without writing: the forecast of a trial. Nothing can be read back.
package final class CountingStore: DurableStore {
    /// What the messages so far would put into the data and trie column families.
    package struct Footprint: Sendable, Equatable {
        package var messages = 0
        package var puts = 0
        package var keyBytes = 0
        package var valueBytes = 0
        package var unencodable = 0

        /// Bytes that a memtable charges for all of them: keys and values, and for each entry a skip-list
        /// node with on average 4/3 pointers, eight bytes of sequence and type, and the lengths
        /// (RocksDB memtable/inlineskiplist.h: branching factor 4).
        package var memtableBytes: Int { keyBytes + valueBytes + puts * 24 }
    }

    private struct Sink: PutSink {
        var footprint = Footprint()

        mutating func put(
            _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, family: Int
        ) {
            footprint.puts += 1
            footprint.keyBytes += key.count
            footprint.valueBytes += value.count
        }
    }

    private struct State: Sendable {
        var tries: [TopicTrie]
        var encoder = MessageEncoder(after: 0)
        var footprint = Footprint()
    }

    private let state: Mutex<State>
    package let shards: Int

    package init(shards: Int) {
        self.shards = shards
        state = Mutex(State(tries: Array(repeating: TopicTrie(), count: shards)))
    }

    package var footprint: Footprint { state.withLock { $0.footprint } }

    package func submit(
        _ submission: Submission, from publisher: Publisher, topic: RawSpan, properties: RawSpan,
        payload: RawSpan
    ) {
        state.withLock { state in
            var sink = Sink(footprint: state.footprint)
            do throws(CodecError) {
                try state.encoder.encode(
                    submission, from: publisher, topic: topic, properties: properties,
                    payload: payload, learning: &state.tries[publisher.shard], into: &sink)
                sink.footprint.messages += 1
            } catch {
                sink.footprint.unencodable += 1
            }
            state.footprint = sink.footprint
        }
    }

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
