package import Layout
internal import MQTT
internal import Measure
internal import Synchronization

/// Keeps what sessions store, in order, to write it again and again: the traffic that ages a database.
/// Nothing can be read back from it.
package final class RecordedMessages: WriteOnlyStore {
    private let mail = Mutex(Mailbox())
    package let shards: Int
    package let format: RowFormat

    /// - Parameters:
    ///   - shards: of the store that will be aged: publishers are placed for it.
    ///   - format: of its rows: publishers' headers are made for it.
    package init(shards: Int, _ format: RowFormat) {
        self.shards = shards
        self.format = format
    }

    package var count: Int { mail.withLock { $0.entries.count } }

    /// Hands it to `store`, around and around until it were `total` messages, with timestamps spread evenly
    /// over a time: as of a fleet that was recorded for a minute and sent for a day.
    /// - Parameters:
    ///   - start: timestamp of the first, milliseconds since the epoch.
    ///   - span: from the first to the last, milliseconds.
    ///   - pause: called every so often; it waits while too much waits to be written, and says whether to stop.
    /// - Returns: how many were handed over.
    package func replay(
        into store: ShardedStore, total: Int, from start: Int64, span: Int64,
        pause: () -> Bool
    ) -> Int {
        precondition(store.shards == shards && store.format == format)
        let mail = mail.withLock { $0 }
        guard !mail.entries.isEmpty else { return 0 }
        let bytes = mail.bytes.span.bytes
        for number in 0..<total {
            if number % Self.stride == 0, pause() { return number }
            let entry = mail.entries[number % mail.entries.count]
            var submission = entry.submission
            submission.intended = .now()
            submission.arrived = submission.intended
            submission.timestamp = start + Int64(Double(span) * Double(number) / Double(total))
            store.submit(
                submission, from: entry.publisher, topic: bytes.extracting(entry.topic),
                properties: bytes.extracting(entry.properties),
                payload: bytes.extracting(entry.payload))
        }
        return total
    }

    private static let stride = 1_024

    package func submit(
        _ submission: Submission, from publisher: Publisher, topic: RawSpan, properties: RawSpan,
        payload: RawSpan
    ) -> Receipt {
        mail.withLock {
            $0.append(
                submission, at: submission.intended, from: publisher, topic: topic,
                properties: properties, payload: payload)
            return Receipt(lane: publisher.shard, position: $0.entries.count)
        }
    }
}
