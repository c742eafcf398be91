internal import MQTT
internal import Storage

/// What is kept for a topic, for those who subscribe later.
final class RetainedMessage {
    let batch: StoredBatch
    /// The publisher's client id, in UTF-8, for No Local.
    let publisher: [UInt8]
    /// Wall clock, milliseconds, from which on it is not sent; nil if never.
    let ends: Int64?
    /// False once it was replaced, deleted or has expired: what came after it has reached the subscribers by
    /// itself, and must not be followed by something older.
    var isCurrent = true

    /// - Parameter expiry: seconds that it is kept if it has no interval of its own.
    init(_ batch: StoredBatch, publisher: [UInt8], expiry: UInt32?) {
        self.batch = batch
        self.publisher = publisher
        let message = batch.messages[0]
        ends = (message.expiry ?? expiry).map { message.published + Int64($0) * 1_000 }
    }

    func hasExpired(at now: Int64) -> Bool { ends.map { $0 <= now } ?? false }

    /// Lends its topic.
    func withTopic(_ body: (RawSpan) -> Void) {
        let bytes = batch.bytes
        body(bytes.span.bytes.extracting(batch.messages[0].topic))
    }
}

/// Retained messages that a new subscription is still to be sent.
struct RetainedWalk {
    let filter: String
    let qos: QoS
    /// 0 if there is none.
    let identifier: UInt32
    let noLocal: Bool
    private let messages: [RetainedMessage]
    private var next = 0

    init(_ messages: [RetainedMessage], for subscription: Session.Subscription) {
        self.messages = messages
        filter = subscription.filter.text
        qos = subscription.qos
        identifier = subscription.identifier
        noLocal = subscription.noLocal
    }

    /// The next that is still current, as a delivery; it stays the next one until `advance`.
    /// - Parameters:
    ///   - client: who subscribes.
    ///   - now: wall clock, milliseconds.
    mutating func delivery(for client: [UInt8], at now: Int64) -> Delivery? {
        while next < messages.count {
            let message = messages[next]
            if message.isCurrent, !message.hasExpired(at: now),
                !(noLocal && message.publisher == client)
            {
                var delivery = Delivery(batch: message.batch, cursor: nil)
                delivery.qos = min(delivery.qos, qos)
                // [MQTT-3.3.1-8]
                delivery.retain = true
                delivery.identifier = identifier
                return delivery
            }
            next += 1
        }
        return nil
    }

    mutating func advance() { next += 1 }
}
