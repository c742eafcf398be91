package import MQTT

extension PublisherHeader {
    /// Appends what EMQX stores for one message under its key, in the header's format.
    ///
    /// - Parameters:
    ///   - dup: always false in what EMQX stores: its broker clears the flag first.
    ///   - topic: of the message; only the levels in `varying` are stored, and none in EMQX 6, where the
    ///     key has them.
    ///   - varying: from `TopicTrie.find`.
    ///   - properties: the bytes of the PUBLISH's properties without their length; empty before MQTT 5.
    ///   - timestamp: milliseconds since 1970 at which the broker got the message.
    /// - Throws: `.malformed` when the properties are not those of a PUBLISH; nothing has been appended then.
    package func appendValue(
        qos: QoS, dup: Bool = false, retain: Bool, topic: RawSpan, varying: [Range<Int>],
        payload: RawSpan, properties: RawSpan, timestamp: Int64, to bytes: inout [UInt8]
    ) throws(CodecError) {
        let start = bytes.count
        let stored = format.keys == .skipstream ? varying : []
        do {
            switch parts {
            case .v1(let header):
                bytes.append(contentsOf: header.head(dup: dup, retain: retain))
                bytes[start + header.qosOffset] = qos.rawValue
                try bytes.append(properties: properties, format.atoms)
                bytes.append(contentsOf: header.afterProperties)
                bytes.append(binary: topic.joinedCount(of: stored))
                bytes.append(joined: stored, of: topic)
                bytes.append(binary: payload)
                bytes.append(integer: timestamp)
                bytes.append(map: 0)
            case .asn1(let header):
                bytes.append(contentsOf: header.start)
                bytes.append(octetsJoined: stored, of: topic)
                bytes.append(octets: payload)
                bytes.append(signed: timestamp)
                bytes.append(
                    qos.rawValue << 6 | (dup ? 1 << 4 : 0) | (retain ? 1 << 3 : 0) | header.flags)
                bytes.append(contentsOf: header.headers)
                try bytes.append(packed: properties, and: header)
            }
        } catch {
            bytes.removeLast(bytes.count - start)
            throw error
        }
    }
}

extension [UInt8] {
    /// Appends tokens of a topic with "/" between them.
    fileprivate mutating func append(joined tokens: [Range<Int>], of topic: RawSpan) {
        for (position, token) in tokens.enumerated() {
            if position > 0 { append(UInt8(ascii: "/")) }
            append(span: topic.extracting(token))
        }
    }

    fileprivate mutating func append(octetsJoined tokens: [Range<Int>], of topic: RawSpan) {
        let size = topic.joinedCount(of: tokens)
        guard size < PERFragment.unit else {
            var joined: [UInt8] = []
            joined.append(joined: tokens, of: topic)
            return append(octets: joined.span.bytes)
        }
        _ = append(lengthOf: size)
        append(joined: tokens, of: topic)
    }
}

extension RawSpan {
    /// Bytes of these tokens with "/" between them.
    fileprivate func joinedCount(of tokens: [Range<Int>]) -> Int {
        tokens.reduce(Swift.max(tokens.count - 1, 0)) { $0 + $1.count }
    }
}
