internal import MQTT
internal import Storage

/// A message on its way to one subscriber. Holds the batch it was read in, so it owns no bytes itself.
struct Delivery {
    /// Which stream of which shard it came from.
    struct Cursor: Equatable {
        let shard: Int
        let address: StreamAddress
    }

    let batch: StoredBatch
    let message: StoredBatch.Message
    let cursor: Cursor?
    /// The group whose share it is; then the cursor is one of the group's reading.
    let group: Int?
    /// The smaller of the publisher's QoS and the subscription's.
    var qos: QoS
    var retain: Bool
    /// A Subscription Identifier besides those that are among the message's bytes; 0 if there is none.
    var identifier: UInt32
    /// Counts the session's messages of this QoS that came from storage, from 1; 0 for others.
    var number = 0

    init(
        batch: StoredBatch, message: StoredBatch.Message, cursor: Cursor?, group: Int? = nil
    ) {
        self.batch = batch
        self.message = message
        self.cursor = cursor
        self.group = group
        qos = message.qos
        retain = message.retain
        identifier = 0
    }

    /// The only message of `batch`.
    init(batch: StoredBatch, cursor: Cursor?, group: Int? = nil) {
        self.init(batch: batch, message: batch.messages[0], cursor: cursor, group: group)
    }

    /// It was read from storage for this session, and has a number among its messages.
    var isNumbered: Bool { cursor != nil && group == nil }

    /// Whether the PUBLISH packet, without an alias, has more than `limit` bytes.
    func exceeds(_ limit: Int, version: ProtocolVersion) -> Bool {
        let bound =
            message.topic.count + message.payload.count + message.properties.count
            + message.identifiers.count + Self.largestOverhead
        guard bound > limit else { return false }
        var bytes: [UInt8] = []
        write(
            id: qos == .atMostOnce ? nil : PacketID(1), dup: false, version: version,
            at: message.published, to: &bytes)
        return bytes.count > limit
    }

    /// Fixed header 5, length of the topic 2, packet identifier 2, length of the properties 4, one more identifier 5.
    private static let largestOverhead = 18

    /// Appends the PUBLISH packet.
    /// - Parameters:
    ///   - alias: stands for the topic or, if it is new, comes with it; 0 for none.
    ///   - now: wall clock, milliseconds.
    func write(
        id: PacketID?, dup: Bool, version: ProtocolVersion, alias: UInt16 = 0,
        isNewAlias: Bool = false, at now: Int64, to bytes: inout [UInt8]
    ) {
        let stored = batch.bytes
        let span = stored.span.bytes
        let topic = alias == 0 || isNewAlias ? message.topic : message.topic.prefix(0)
        var remaining: UInt32?
        if version == .v5, let expiry = message.expiry {
            // What was begun goes on also after its time.
            remaining = max(1, Expiry.remaining(of: expiry, since: message.published, at: now) ?? 1)
        }
        guard identifier != 0, version == .v5 else {
            return writePublish(
                topic: span.extracting(topic), payload: span.extracting(message.payload),
                qos: qos, retain: retain, dup: dup, packetID: id,
                properties: span.extracting(message.properties),
                identifiers: span.extracting(message.identifiers), remaining: remaining,
                alias: alias,
                version: version, to: &bytes)
        }
        var identifiers: [UInt8] = []
        writeSubscriptionIdentifier(identifier, to: &identifiers)
        writePublish(
            topic: span.extracting(topic), payload: span.extracting(message.payload),
            qos: qos, retain: retain, dup: dup, packetID: id,
            properties: span.extracting(message.properties), identifiers: identifiers.span.bytes,
            remaining: remaining, alias: alias, version: version, to: &bytes)
    }
}

/// The Message Expiry Interval [MQTT-3.3.2-5], [MQTT-3.3.2-6].
enum Expiry {
    /// Seconds that are left, a begun second counted whole; nil once the interval has passed.
    /// - Parameters:
    ///   - published, now: wall clock, milliseconds.
    static func remaining(of interval: UInt32, since published: Int64, at now: Int64) -> UInt32? {
        // A wall clock that was set back has passed no time.
        let elapsed = max(0, now - published)
        guard elapsed < Int64(interval) * 1_000 else { return nil }
        return interval - UInt32(elapsed / 1_000)
    }
}
