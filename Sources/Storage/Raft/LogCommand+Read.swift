internal import Layout
internal import MQTT

/// A command read back. Ranges are offsets in its bytes.
struct LoggedBatch {
    let count: Int
    /// Timestamp of the shard's last message before this batch, microseconds.
    let latest: UInt64
    private var offset: Int

    /// - Parameter batchOverhead: of the model that wrote it.
    /// - Returns: nil if these are not the bytes of a command.
    init?(_ bytes: UnsafeRawBufferPointer, batchOverhead: Int) {
        guard bytes.count >= batchOverhead else { return nil }
        count = Int(bytes.little(LogCommand.messagesOffset, as: UInt32.self))
        latest = bytes.little(LogCommand.latestOffset)
        offset = batchOverhead
    }

    /// The next message, or nil if what follows is none.
    mutating func next(in bytes: UnsafeRawBufferPointer) -> LoggedMessage? {
        guard let message = LoggedMessage(bytes, at: offset) else { return nil }
        offset = message.end
        return message
    }
}

/// One message of a command.
struct LoggedMessage {
    let qos: QoS
    let retain: Bool
    /// Milliseconds since 1970.
    let timestamp: Int64
    /// What is the same for all messages of a connection.
    let publisher: Range<Int>
    let topic: Range<Int>
    let properties: Range<Int>
    let payload: Range<Int>
    let end: Int

    init?(_ bytes: UnsafeRawBufferPointer, at start: Int) {
        let identity = start + LogCommand.messageFields
        let strings = identity + LogCommand.publisherFields
        guard strings <= bytes.count, let qos = QoS(rawValue: bytes[start + 4]) else { return nil }
        self.qos = qos
        end = start + Int(bytes.little(start, as: UInt32.self))
        retain = bytes[start + 5] == 1
        timestamp = bytes.little(start + 6)
        func length(_ offset: Int) -> Int { Int(bytes.little(start + offset, as: UInt32.self)) }
        let client = Int(bytes.little(strings - 4, as: UInt16.self))
        let user = Int(bytes.little(strings - 2, as: UInt16.self))
        publisher = identity..<strings + client + user
        topic = publisher.upperBound..<publisher.upperBound + length(14)
        properties = topic.upperBound..<topic.upperBound + length(18)
        payload = properties.upperBound..<properties.upperBound + length(22)
        guard payload.upperBound <= end, end <= bytes.count else { return nil }
    }
}

extension Publisher {
    /// A publisher as a command names it; nil if the bytes name none.
    convenience init?(logged bytes: UnsafeRawBufferPointer, shard: Int, _ format: RowFormat) {
        let strings = LogCommand.publisherFields
        guard bytes.count >= strings, let version = ProtocolVersion(rawValue: bytes[0]),
            bytes[1] <= 16,
            let peer = PeerAddress(
                bytes: Array(bytes[2..<2 + Int(bytes[1])]), port: bytes.little(18, as: UInt16.self))
        else { return nil }
        let client = Int(bytes.little(strings - 4, as: UInt16.self))
        let user = Int(bytes.little(strings - 2, as: UInt16.self))
        guard bytes.count == strings + client + user else { return nil }
        func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        self.init(
            PublisherHeader(
                clientID: text(strings..<strings + client), peer: peer, version: version,
                username: bytes[20] == 1 ? text(strings + client..<bytes.count) : nil,
                format: format),
            shard: shard)
    }
}
