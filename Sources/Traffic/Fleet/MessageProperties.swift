internal import MQTT

/// The properties of one kind of message as bytes, in the four forms that clients send: with and without the expiry,
/// with and without the event id.
struct MessageProperties: Sendable {
    private let forms: [[UInt8]]

    private static let eventIDName = "event-id"

    init(_ kind: MessageClass) {
        forms = (0..<4).map { form in
            var list: [Property] = []
            if let expiry = kind.expiry, form & 1 != 0 {
                list.append(.messageExpiryInterval(expiry))
            }
            if let type = kind.contentType { list.append(.contentType(type)) }
            list += kind.userProperties.map { .userProperty($0.name, $0.value) }
            // Last, so that its value is where the bytes end.
            if form & 2 != 0 {
                let blank = String(repeating: "0", count: [UInt8].uuidLength)
                list.append(.userProperty(Self.eventIDName, blank))
            }
            return Self.encoded(list)
        }
    }

    func bytes(expires: Bool, eventID: (UInt64, UInt64)?) -> [UInt8] {
        guard let eventID else { return forms[expires ? 1 : 0] }
        var bytes = forms[expires ? 3 : 2]
        bytes.removeLast([UInt8].uuidLength)
        bytes.append(uuid: eventID)
        return bytes
    }

    /// As they lie in a PUBLISH, without the length before them.
    static func encoded(_ properties: [Property]) -> [UInt8] {
        var packet: [UInt8] = []
        Packet.publish(Publish(topic: "t", properties: properties)).write(to: &packet, version: .v5)
        guard let header = try? PublishHeader.read(packet.span.bytes, version: .v5) else {
            preconditionFailure("what is written can be read")
        }
        return Array(packet[header.properties])
    }
}

/// A kind of message while it is played; one object for all streams of it, because there are many messages.
final class PlayedMessage: Sendable {
    let terms: MessageClass
    let properties: MessageProperties

    init(_ terms: MessageClass) {
        self.terms = terms
        properties = MessageProperties(terms)
    }
}
