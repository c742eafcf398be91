package import MQTT

extension PublisherHeader {
    /// Appends what EMQX stores for one message under its key (serialization schema v1).
    ///
    /// - Parameters:
    ///   - dup: always false in what EMQX stores: its broker clears the flag first.
    ///   - topic: of the message; only the levels in `varying` are stored.
    ///   - varying: from `TopicTrie.find`.
    ///   - properties: the bytes of the PUBLISH's properties without their length; empty before MQTT 5.
    ///   - timestamp: milliseconds since 1970 at which the broker got the message.
    /// - Throws: `.malformed` when the properties are not those of a PUBLISH; nothing has been appended then.
    package func appendValue(
        qos: QoS, dup: Bool = false, retain: Bool, topic: RawSpan, varying: [Range<Int>],
        payload: RawSpan, properties: RawSpan, timestamp: Int64, to bytes: inout [UInt8]
    ) throws(CodecError) {
        let start = bytes.count
        bytes.append(contentsOf: head(dup: dup, retain: retain))
        bytes[start + qosOffset] = qos.rawValue
        if properties.isEmpty {
            bytes.append(map: 0)
        } else {
            do {
                try bytes.append(properties: properties)
            } catch {
                bytes.removeLast(bytes.count - start)
                throw error
            }
        }
        bytes.append(contentsOf: afterProperties)
        bytes.append(joined: varying, of: topic)
        bytes.append(binary: payload)
        bytes.append(integer: timestamp)
        bytes.append(map: 0)
    }
}

extension [UInt8] {
    fileprivate mutating func append(joined tokens: [Range<Int>], of topic: RawSpan) {
        var size = Swift.max(tokens.count - 1, 0)
        for token in tokens { size += token.count }
        append(binary: size)
        for (position, token) in tokens.enumerated() {
            if position > 0 { append(UInt8(ascii: "/")) }
            append(span: topic.extracting(token))
        }
    }
}
