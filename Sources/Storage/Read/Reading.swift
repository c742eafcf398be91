package import MQTT
package import Measure

/// What a session subscribes to, as a reader of one shard has to know it.
package struct Wanted: Sendable {
    package let filter: TopicFilter
    /// The QoS that was granted.
    package let qos: QoS
    /// Timestamp (µs) of the shard when the subscription began: it is for later messages only.
    package let after: UInt64
    /// Not for what the session's own client publishes [MQTT-3.8.3-3].
    package let noLocal: Bool

    package init(filter: TopicFilter, qos: QoS, after: UInt64 = 0, noLocal: Bool = false) {
        self.filter = filter
        self.qos = qos
        self.after = after
        self.noLocal = noLocal
    }
}

/// A session's question to one shard.
package struct ReadRequest: Sendable {
    package let session: Int
    /// Told back in the reply, so that an answer to a session that has since ended is recognised.
    package let epoch: Int
    package let shard: Int
    package let cursors: [StreamCursor]
    package let wanted: [Wanted]
    /// The session's client id, for No Local.
    package let client: [UInt8]
    /// Messages at most.
    package let limit: Int
    /// How long it waits for a commit, if there is nothing to read, before it is answered with nothing; nil
    /// if it does not wait. EMQX: `durable_sessions.idle_poll_interval`.
    package let wait: Nanoseconds?

    package init(
        session: Int, epoch: Int, client: [UInt8] = [], shard: Int, cursors: [StreamCursor],
        wanted: [Wanted], limit: Int, wait: Nanoseconds? = nil
    ) {
        precondition(limit > 0)
        self.session = session
        self.epoch = epoch
        self.client = client
        self.shard = shard
        self.cursors = cursors
        self.wanted = wanted
        self.limit = limit
        self.wait = wait
    }

    /// The largest QoS of the subscriptions that want a message; nil if none does.
    func granted(_ topic: RawSpan, from publisher: RawSpan, at timestamp: UInt64) -> QoS? {
        var granted: QoS?
        for subscription in wanted
        where subscription.after < timestamp && subscription.filter.matches(topic) {
            if subscription.noLocal, publisher.equals(client) { continue }
            granted = max(granted ?? .atMostOnce, subscription.qos)
        }
        return granted
    }
}

extension RawSpan {
    func equals(_ bytes: [UInt8]) -> Bool {
        byteCount == bytes.count && withUnsafeBytes { $0.elementsEqual(bytes) }
    }
}

/// The answer: messages in stored order within each stream, and how far each cursor has come.
package struct ReadReply: Sendable {
    package enum Outcome: Sendable {
        case read
        /// The storage failed: it is in vain to ask again before something has changed.
        case refused
        /// The generation was dropped, and its messages with it.
        case gone
    }

    package let session: Int
    package let epoch: Int
    package let shard: Int
    package let cursors: [StreamCursor]
    package let messages: StoredBatch
    /// How many cursors, from the first one on, were read to their end; the limit kept the others from it.
    package let complete: Int
    /// Cursors whose streams were read to their end for good, because their generations take no more messages.
    package let over: [Int]
    /// `committed(in:)` of the shard before the read began.
    package let committed: Int
    package let outcome: Outcome

    /// It was asked for a batch by its two ends.
    package var isReplay: Bool { cursors.first?.isBounded ?? false }
}

/// Messages read together; their bytes stand in one arena, so that a delivery costs no allocation.
package final class StoredBatch: Sendable {
    package struct Message: Sendable {
        package let topic: Range<Int>
        package let properties: Range<Int>
        package let payload: Range<Int>
        /// The smaller of the publisher's QoS and the subscription's.
        package let qos: QoS
        package let retain: Bool
        /// Index of its cursor in the request.
        package let cursor: Int
        /// When it was stored, in its shard's microseconds.
        package let timestamp: UInt64
    }

    package let bytes: [UInt8]
    package let messages: [Message]

    init(bytes: [UInt8], messages: [Message]) {
        self.bytes = bytes
        self.messages = messages
    }

    /// One message that was not stored: a PUBLISH packet that has to wait.
    package init(copying packet: RawSpan, _ header: PublishHeader, qos: QoS) {
        bytes = packet.withUnsafeBytes { Array($0) }
        messages = [
            Message(
                topic: header.topic, properties: header.properties, payload: header.payload,
                qos: qos, retain: false, cursor: 0, timestamp: 0)
        ]
    }
}
