internal import MQTT

/// Whether a message holds something by which a receiver can tell that it has seen it before: a user property
/// with the name of an identifier, Correlation Data, or a field of a JSON payload of such a name.
enum EventIdentity {
    /// Names of user properties and fields, in small letters and with "_" for "-".
    private static let names: [StaticString] = [
        "event_id", "eventid", "message_id", "messageid", "msg_id", "msgid", "uuid", "dedup_id",
        "sequence", "sequence_number", "seq", "seq_no", "command_id", "request_id",
    ]
    /// Fields are looked for in so many bytes only.
    private static let searched = 1 << 10

    static func isIn(_ packet: RawSpan, _ header: PublishHeader) -> Bool {
        hasProperty(packet, header.properties) || hasField(packet.extracting(header.payload))
    }

    private static func hasProperty(_ packet: RawSpan, _ properties: Range<Int>) -> Bool {
        let bytes = packet.extracting(first: properties.upperBound)
        var offset = properties.lowerBound
        // They were checked when the packet was read.
        while let property = try? PropertyWalk.next(bytes, at: &offset) {
            if property.id == .correlationData { return true }
            if property.id == .userProperty, isName(bytes.extracting(property.first)) {
                return true
            }
        }
        return false
    }

    /// Whether a text in quotation marks with a colon behind it is one of the names.
    private static func hasField(_ payload: RawSpan) -> Bool {
        let end = min(payload.byteCount, searched)
        var offset = 0
        while offset < end {
            guard payload.byte(at: offset) == UInt8(ascii: "\"") else {
                offset += 1
                continue
            }
            let start = offset + 1
            offset = start
            while offset < end, payload.byte(at: offset) != UInt8(ascii: "\"") { offset += 1 }
            guard offset < end else { return false }
            let name = payload.extracting(start..<offset)
            offset += 1
            while offset < end, payload.byte(at: offset) == UInt8(ascii: " ") { offset += 1 }
            if offset < end, payload.byte(at: offset) == UInt8(ascii: ":"), isName(name) {
                return true
            }
        }
        return false
    }

    private static func isName(_ text: RawSpan) -> Bool {
        names.contains { name in
            guard text.byteCount == name.utf8CodeUnitCount else { return false }
            return name.withUTF8Buffer { letters in
                letters.indices.allSatisfy { index in
                    let byte = text.byte(at: index)
                    return byte == UInt8(ascii: "-")
                        ? letters[index] == UInt8(ascii: "_")
                        : byte | (0x41...0x5A ~= byte ? 0x20 : 0) == letters[index]
                }
            }
        }
    }
}
