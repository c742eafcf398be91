internal import Layout
internal import MQTT

/// What a shard hands to the shared log: a batch of messages as their publishers sent them, so that applying
/// it again after a crash leaves the same rows (reference 3.8: a command holds raw messages, not rows).
///
/// The encoding is our own; its size is that of EMQX's term. A batch takes 143 bytes and a message
/// payload + client id + topic + 232 bytes (measured there for an IPv4 peer without user name; a user name
/// costs its length less 6 as in a stored value, properties are counted as on the wire). What we do not
/// need of that is zeros; Ra does not compress.
///
/// ```
/// batch    4 messages, 8 timestamp (µs) of the shard's last message before it, zeros
/// message  4 length of the whole
///          1 QoS, 1 retain, 8 arrival (ms)
///          4 topic, 4 properties, 4 payload: lengths
///          1 protocol version, 1 address bytes, 16 address, 2 port, 1 has a user name,
///          2 client id, 2 user name: lengths; client id; user name
///          topic, properties, payload, zeros
/// ```
/// From the protocol version to the user name the bytes are the same for all messages of a connection.
struct LogCommand {
    private let messageOverhead: Int
    private let batchOverhead: Int
    private(set) var bytes: [UInt8] = []
    private(set) var count = 0
    /// Client id, topic and payload of all messages, and 40 for each: what EMQX counts towards a release.
    private(set) var approximateBytes: UInt64 = 0

    static let messagesOffset = 0, latestOffset = 4, batchFields = 12
    /// From the start of a message to the protocol version, and from there to the client id.
    static let messageFields = 26, publisherFields = 25
    /// EMQX's estimate of what a stored message costs beside its strings.
    private static let approximateOverhead = 40
    /// What the absent user name takes: the atom `undefined` against an empty binary's 5 bytes.
    private static let undefinedBytes = 6

    /// - Precondition: the declared overheads leave room for what is needed.
    init(_ model: RaftModel) {
        messageOverhead = model.messageOverhead
        batchOverhead = model.batchOverhead
        precondition(batchOverhead >= Self.batchFields)
        precondition(
            messageOverhead - Self.undefinedBytes >= Self.messageFields + Self.publisherFields)
        clear()
    }

    /// Empties it and keeps its memory.
    mutating func clear() {
        bytes.removeAll(keepingCapacity: true)
        append(zeros: batchOverhead)
        count = 0
        approximateBytes = 0
    }

    mutating func append(_ entry: Mailbox.Entry, of mail: borrowing Mailbox) {
        let start = bytes.count
        let header = entry.publisher.header
        let client = header.clientID.utf8.count
        let strings = client + entry.topicBytes + entry.payloadBytes
        let user = header.username.map { $0.utf8.count - Self.undefinedBytes } ?? 0
        let length = messageOverhead + strings + user + entry.propertiesBytes

        bytes.append(little: UInt32(length))
        bytes.append(entry.submission.qos.rawValue)
        bytes.append(entry.submission.retain ? 1 : 0)
        bytes.append(little: entry.submission.timestamp)
        bytes.append(little: UInt32(entry.topicBytes))
        bytes.append(little: UInt32(entry.propertiesBytes))
        bytes.append(little: UInt32(entry.payloadBytes))
        bytes.append(header.version.rawValue)
        bytes.append(UInt8(header.peer.bytes.count))
        bytes.append(contentsOf: header.peer.bytes)
        append(zeros: 16 - header.peer.bytes.count)
        bytes.append(little: header.peer.port)
        bytes.append(header.username == nil ? 0 : 1)
        bytes.append(little: UInt16(client))
        bytes.append(little: UInt16(header.username?.utf8.count ?? 0))
        bytes.append(contentsOf: header.clientID.utf8)
        if let username = header.username { bytes.append(contentsOf: username.utf8) }
        // Topic, properties and payload lie behind one another in the mail.
        bytes.append(
            contentsOf: mail.bytes[entry.topic.lowerBound..<entry.payload.upperBound])
        append(zeros: start + length - bytes.count)
        count += 1
        approximateBytes += UInt64(strings + Self.approximateOverhead)
    }

    /// - Parameter latest: timestamp of the shard's last message before this batch, microseconds.
    mutating func seal(after latest: UInt64) {
        let count = UInt32(count)
        bytes.withUnsafeMutableBytes {
            $0.storeBytes(
                of: count.littleEndian, toByteOffset: Self.messagesOffset, as: UInt32.self)
            $0.storeBytes(
                of: latest.littleEndian, toByteOffset: Self.latestOffset, as: UInt64.self)
        }
    }

    /// Lends the bytes to the log without a copy; they must come back before the next use.
    mutating func exchange(_ other: inout [UInt8]) { swap(&bytes, &other) }

    private mutating func append(zeros count: Int) {
        bytes.append(contentsOf: repeatElement(0, count: count))
    }
}
