internal import Layout
internal import MQTT
internal import Synchronization

/// Rows of a message, from where it waited.
extension ShardWriter {
    static func encode(
        _ entry: Mailbox.Entry, of mail: Mailbox, in generation: Generation,
        of shard: Shard, with encoder: inout MessageEncoder,
        into batch: inout WriteBatch
    ) throws(CodecError) {
        let bytes = mail.bytes.span.bytes
        try encode(
            entry.submission, from: entry.publisher, topic: bytes.extracting(entry.topic),
            properties: bytes.extracting(entry.properties),
            payload: bytes.extracting(entry.payload), in: generation, of: shard, with: &encoder,
            into: &batch)
    }

    static func encode(
        _ submission: Submission, from publisher: Publisher, topic: RawSpan, properties: RawSpan,
        payload: RawSpan, in generation: Generation, of shard: Shard,
        with encoder: inout MessageEncoder, into batch: inout WriteBatch
    ) throws(CodecError) {
        try generation.trie.withLock { trie throws(CodecError) in
            let before = trie.streamCount
            try encoder.encode(
                submission, from: publisher, topic: topic, properties: properties,
                payload: payload, learning: &trie, into: &batch)
            if trie.streamCount != before {
                shard.streamCount.add(trie.streamCount - before, ordering: .releasing)
            }
        }
    }
}
