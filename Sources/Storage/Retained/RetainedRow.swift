package import MQTT

/// A retained message as it is kept beyond the end of the program.
package struct RetainedRow: Sendable, Equatable {
    package let topic: [UInt8]
    /// The publisher's client id, in UTF-8.
    package let publisher: [UInt8]
    package let qos: QoS
    /// Wall clock, milliseconds: its expiry counts from here.
    package let published: Int64
    /// MQTT 5 property bytes without their length.
    package let properties: [UInt8]
    package let payload: [UInt8]

    package init(
        topic: [UInt8], publisher: [UInt8], qos: QoS, published: Int64, properties: [UInt8],
        payload: [UInt8]
    ) {
        self.topic = topic
        self.publisher = publisher
        self.qos = qos
        self.published = published
        self.properties = properties
        self.payload = payload
    }

    /// The first byte of every value: what follows may change one day.
    private static let layout: UInt8 = 1
    /// Layout, QoS, time and the length of the client id.
    private static let headBytes = 12

    /// The value under the topic: layout (1 byte), QoS (1), time (8), client id (2 and as many), properties (4 and
    /// as many), payload; numbers least significant byte first. A layout of our own: EMQX keeps a term in mnesia.
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(
            Self.headBytes + publisher.count + 4 + properties.count + payload.count)
        bytes.append(Self.layout)
        bytes.append(qos.rawValue)
        bytes.append(little: published)
        bytes.append(little: UInt16(clamping: publisher.count))
        bytes += publisher.prefix(Int(UInt16.max))
        bytes.append(little: UInt32(properties.count))
        bytes += properties
        bytes += payload
        return bytes
    }

    /// - Returns: nil for what this program did not write.
    init?(topic: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        guard value.count >= Self.headBytes + 4, value[0] == Self.layout,
            let qos = QoS(rawValue: value[1])
        else { return nil }
        let publisherEnd = Self.headBytes + Int(value.little(10, as: UInt16.self))
        guard value.count >= publisherEnd + 4 else { return nil }
        let length = Int(value.little(publisherEnd, as: UInt32.self))
        let propertiesEnd = publisherEnd + 4 + length
        guard value.count >= propertiesEnd, topic.bytes.isTopic else { return nil }
        self.init(
            topic: Array(topic), publisher: Array(value[Self.headBytes..<publisherEnd]), qos: qos,
            published: value.little(2), properties: Array(value[publisherEnd + 4..<propertiesEnd]),
            payload: Array(value[propertiesEnd...]))
    }
}

extension RawSpan {
    fileprivate var isTopic: Bool { isValidTopicName(self) }
}

extension StoredBatch {
    /// A retained message that was read back.
    package convenience init(_ row: RetainedRow) {
        let topicEnd = row.topic.count
        let propertiesEnd = topicEnd + row.properties.count
        let bytes = row.topic + row.properties + row.payload
        self.init(
            bytes: bytes,
            messages: [
                Message(
                    topic: 0..<topicEnd, properties: topicEnd..<propertiesEnd,
                    payload: propertiesEnd..<bytes.count, identifiers: bytes.count..<bytes.count,
                    qos: row.qos, retain: true, cursor: 0, timestamp: 0, published: row.published,
                    expiry: messageExpiryInterval(in: row.properties.span.bytes))
            ])
    }
}
