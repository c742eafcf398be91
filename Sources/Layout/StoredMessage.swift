package import MQTT

/// A message read back from the value stored under its key. Ranges are offsets in the value.
package struct StoredMessage: Equatable, Sendable {
    package let qos: QoS
    package let dup: Bool
    package let retain: Bool
    /// The publisher's client id.
    package let from: Range<Int>
    /// The tokens of the varying levels, joined by "/"; `TopicTrie.appendTopic` makes the topic of them.
    package let varying: Range<Int>
    package let payload: Range<Int>
    /// Milliseconds since 1970.
    package let timestamp: Int64

    /// Reads a value of serialization schema v1, with its maps in any order.
    ///
    /// - Parameter properties: the property bytes for a PUBLISH, without their length, are appended here.
    ///   A topic alias is not among them.
    /// - Throws: `.truncated` or `.unexpected`; nothing has been appended then.
    package init(
        decoding value: RawSpan, appendingPropertiesTo properties: inout [UInt8]
    ) throws(LayoutError) {
        let before = properties.count
        do {
            self = try StoredMessage.read(value, &properties)
        } catch {
            properties.removeLast(properties.count - before)
            throw error
        }
    }

    private static func read(
        _ value: RawSpan, _ properties: inout [UInt8]
    ) throws(LayoutError) -> StoredMessage {
        var offset = 0
        try value.expectVersion(at: &offset)
        try value.expectTuple(of: 9, at: &offset)
        _ = try value.readBinary(at: &offset)
        let qosOffset = offset
        guard let level = UInt8(exactly: try value.readInteger(at: &offset)),
            let qos = QoS(rawValue: level)
        else { throw .unexpected(offset: qosOffset, expected: .qos) }
        let from = try value.readBinary(at: &offset)
        var (dup, retain) = (false, false)
        for _ in 0..<(try value.readMap(at: &offset)) {
            let name = try value.readAtom(at: &offset)
            if value.equals("dup", in: name) {
                dup = try value.readBoolean(at: &offset)
            } else if value.equals("retain", in: name) {
                retain = try value.readBoolean(at: &offset)
            } else {
                try value.skipTerm(at: &offset)
            }
        }
        for _ in 0..<(try value.readMap(at: &offset)) {
            let name = try value.readAtom(at: &offset)
            if value.equals("properties", in: name) {
                try properties.append(propertiesOf: value, at: &offset)
            } else {
                try value.skipTerm(at: &offset)
            }
        }
        let varying = try value.readBinary(at: &offset)
        let payload = try value.readBinary(at: &offset)
        let timestamp = try value.readInteger(at: &offset)
        try value.skipTerm(at: &offset)
        try value.expectEnd(at: offset)
        return StoredMessage(
            qos: qos, dup: dup, retain: retain, from: from, varying: varying, payload: payload,
            timestamp: timestamp)
    }

    private init(
        qos: QoS, dup: Bool, retain: Bool, from: Range<Int>, varying: Range<Int>,
        payload: Range<Int>,
        timestamp: Int64
    ) {
        self.qos = qos
        self.dup = dup
        self.retain = retain
        self.from = from
        self.varying = varying
        self.payload = payload
        self.timestamp = timestamp
    }
}
