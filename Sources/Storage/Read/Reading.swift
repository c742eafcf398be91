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
    /// Keeps the RETAIN flag of the publisher [MQTT-3.3.1-13].
    package let retainAsPublished: Bool
    /// Its Subscription Identifier; 0 if it has none.
    package let identifier: UInt32

    package init(
        filter: TopicFilter, qos: QoS, after: UInt64 = 0, noLocal: Bool = false,
        retainAsPublished: Bool = false, identifier: UInt32 = 0
    ) {
        self.filter = filter
        self.qos = qos
        self.after = after
        self.noLocal = noLocal
        self.retainAsPublished = retainAsPublished
        self.identifier = identifier
    }
}

/// A session's question to one shard. An object, because it goes from hand to hand on its way to its answer.
package final class ReadRequest: Sendable {
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

    /// What the subscriptions that want a message make of it together; nil if none does.
    func granted(_ topic: RawSpan, from publisher: RawSpan, at timestamp: UInt64) -> Grant? {
        var granted: Grant?
        forEachWanting(topic, from: publisher, at: timestamp) { subscription in
            var grant = granted ?? Grant()
            grant.qos = max(grant.qos, subscription.qos)
            grant.retainAsPublished = grant.retainAsPublished || subscription.retainAsPublished
            grant.hasIdentifier = grant.hasIdentifier || subscription.identifier != 0
            granted = grant
        }
        return granted
    }

    /// Appends the Subscription Identifiers of those that want it, as properties [MQTT-3.3.4-4].
    func appendIdentifiers(
        _ topic: RawSpan, from publisher: RawSpan, at timestamp: UInt64, to bytes: inout [UInt8]
    ) {
        forEachWanting(topic, from: publisher, at: timestamp) { subscription in
            guard subscription.identifier != 0 else { return }
            writeSubscriptionIdentifier(subscription.identifier, to: &bytes)
        }
    }

    private func forEachWanting(
        _ topic: RawSpan, from publisher: RawSpan, at timestamp: UInt64, _ body: (Wanted) -> Void
    ) {
        for subscription in wanted
        where subscription.after < timestamp && subscription.filter.matches(topic) {
            if subscription.noLocal, publisher.equals(client) { continue }
            body(subscription)
        }
    }
}

/// What overlapping subscriptions of a session make of one message: one copy of it, at the largest QoS.
struct Grant {
    var qos = QoS.atMostOnce
    var retainAsPublished = false
    var hasIdentifier = false
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
        /// Properties that the subscriptions add: their identifiers.
        package let identifiers: Range<Int>
        /// The smaller of the publisher's QoS and the subscription's.
        package let qos: QoS
        package let retain: Bool
        /// Index of its cursor in the request.
        package let cursor: Int
        /// When it was stored, in its shard's microseconds.
        package let timestamp: UInt64
        /// When it was published, wall clock, milliseconds.
        package let published: Int64
        /// Its Message Expiry Interval, seconds; nil if it has none.
        package let expiry: UInt32?
    }

    package let bytes: [UInt8]
    package let messages: [Message]

    init(bytes: [UInt8], messages: [Message]) {
        self.bytes = bytes
        self.messages = messages
    }

    /// One message that was not stored: a PUBLISH packet that has to wait, or to be kept.
    /// - Parameters:
    ///   - retain: the flag that its delivery has.
    ///   - identifiers: property bytes that its subscriptions add.
    ///   - published: wall clock, milliseconds.
    package init(
        copying packet: RawSpan, _ header: PublishHeader, qos: QoS, retain: Bool = false,
        identifiers: RawSpan = RawSpan(), published: Int64 = 0
    ) {
        var bytes = packet.withUnsafeBytes { Array($0) }
        identifiers.withUnsafeBytes { bytes.append(contentsOf: $0) }
        self.bytes = bytes
        messages = [
            Message(
                topic: header.topic, properties: header.properties, payload: header.payload,
                identifiers: packet.byteCount..<bytes.count, qos: qos, retain: retain, cursor: 0,
                timestamp: 0, published: published, expiry: header.messageExpiry)
        ]
    }
}
