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

    var qos: QoS { message.qos }

    init(batch: StoredBatch, message: StoredBatch.Message, cursor: Cursor?) {
        self.batch = batch
        self.message = message
        self.cursor = cursor
    }

    /// The only message of `batch`.
    init(batch: StoredBatch, cursor: Cursor?) {
        self.init(batch: batch, message: batch.messages[0], cursor: cursor)
    }

    /// Appends the PUBLISH packet.
    func write(id: PacketID?, dup: Bool, version: ProtocolVersion, to bytes: inout [UInt8]) {
        let stored = batch.bytes
        let span = stored.span.bytes
        writePublish(
            topic: span.extracting(message.topic), payload: span.extracting(message.payload),
            qos: qos, retain: message.retain, dup: dup, packetID: id,
            properties: span.extracting(message.properties), version: version, to: &bytes)
    }
}
