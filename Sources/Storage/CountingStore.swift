package import Layout
internal import MQTT
internal import Measure
internal import Synchronization

/// Counts what a store would write, without writing: the forecast of a trial. Nothing can be read back.
package final class CountingStore: WriteOnlyStore {
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
        var encoder: MessageEncoder
        var footprint = Footprint()
    }

    private let state: Mutex<State>
    package let shards: Int

    package let format: RowFormat

    package init(shards: Int, _ format: RowFormat = RowFormat()) {
        self.shards = shards
        self.format = format
        state = Mutex(
            State(
                tries: Array(repeating: TopicTrie(format), count: shards),
                encoder: MessageEncoder(after: 0, format)))
    }

    package var footprint: Footprint { state.withLock { $0.footprint } }

    package func submit(
        _ submission: Submission, from publisher: Publisher, topic: RawSpan, properties: RawSpan,
        payload: RawSpan
    ) -> Receipt {
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
            return Receipt(
                lane: publisher.shard,
                position: sink.footprint.messages + sink.footprint.unencodable)
        }
    }
}
